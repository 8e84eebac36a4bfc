import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as server from '../test-stub-server.ts';
import type { AnswerTrouble, Json, StubOptions } from '../test-stub-server.ts';
import { createKmsOperations, newKmsKey, type KmsKeyState } from './test-kms-key.ts';
import { checkSignature, KmsException, type KmsCredentials } from './test-kms-signature.ts';

/**
 * AWS KMS as far as the driver uses it: JSON 1.1 with Signature Version 4, which is checked, and
 * real AES-GCM that authenticates the EncryptionContext. What KMS would not take is a violation.
 */
export interface KmsStub {
  readonly endpoint: string;
  readonly region: string;
  readonly arn: string;
  readonly credentials: KmsCredentials;
  /** The operations that were asked for. */
  readonly asked: string[];
  readonly violations: string[];
  readonly trouble: Trouble;
  /** The most requests that were under way at once. */
  readonly load: { now: number; most: number };
  readonly key: KmsKeyState;
  stop(): Promise<void>;
}

interface Trouble extends AnswerTrouble {
  /** The exception of every request. */
  exception: string | undefined;
  /** How many polls a rotation takes to complete. */
  rotationPolls: number;
  /** Changes the answer of an operation. */
  mangle: ((operation: string, answer: Json) => Json) | undefined;
  /** Runs while a request waits for its answer. */
  during: (() => Promise<void>) | undefined;
}

const region = 'ap-south-1';
const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const arn = `arn:aws:kms:${region}:111122223333:key/${keyId}`;

export async function startKmsStub(options: StubOptions = {}): Promise<KmsStub> {
  const credentials = {
    accessKeyId: 'AKIDSTUBSTUBSTUBSTUB',
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
  const trouble: Trouble = {
    ...server.noAnswerTrouble(),
    exception: undefined,
    rotationPolls: 1,
    mangle: undefined,
    during: undefined,
  };
  const key = newKmsKey();
  const asked: string[] = [];
  const violations: string[] = [];
  const load = { now: 0, most: 0 };

  const violation = (text: string): never => {
    violations.push(text);
    throw new KmsException('ValidationException');
  };
  const rotationPolls = () => trouble.rotationPolls;
  const operations = createKmsOperations({ key, keyId, arn, violation, rotationPolls });
  const perform = (request: IncomingMessage, text: string): Json => {
    const operation = operationOf(request);
    const type = request.headers['content-type'];
    if (request.method !== 'POST' || request.url !== '/') violation('KMS takes POST / alone');
    if (type !== 'application/x-amz-json-1.1') violation(`content-type ${type}`);
    checkSignature(request, text, region, credentials);
    if (trouble.exception !== undefined) throw new KmsException(trouble.exception);
    const run = operations[operation];
    if (run === undefined) return violation(`unknown operation ${operation}`);
    const answer = run(JSON.parse(text) as Json);
    return trouble.mangle === undefined ? answer : trouble.mangle(operation, answer);
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    load.now += 1;
    load.most = Math.max(load.most, load.now);
    response.on('close', () => (load.now -= 1));
    const text = await server.readText(request);
    asked.push(operationOf(request));
    await trouble.during?.();
    const send = (status: number, body: Json) => {
      const headers = { 'content-type': 'application/x-amz-json-1.1' };
      server.sendJson(response, trouble, { status, body, headers });
    };
    if (server.happens(trouble, 'silent')) return;
    try {
      if (server.happens(trouble, 'throttled')) throw new KmsException('ThrottlingException');
      if (server.happens(trouble, 'failing')) throw new KmsException('KMSInternalException', 500);
      send(200, perform(request, text));
    } catch (error) {
      if (!(error instanceof KmsException)) throw error;
      send(error.status, { __type: error.type, message: error.message });
    }
  };
  const { url: endpoint, stop } = await server.startStubServer(handle, options, violations);
  return { endpoint, region, arn, credentials, asked, violations, trouble, load, key, stop };
}

function operationOf({ headers }: IncomingMessage): string {
  return /^TrentService\.(\w+)$/.exec(String(headers['x-amz-target']))?.[1] ?? 'none';
}
