import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * AWS KMS as far as the driver uses it: JSON 1.1 with Signature Version 4, which is checked, and
 * real AES-GCM that authenticates the EncryptionContext. What KMS would not take is a violation.
 */
export interface KmsStub {
  readonly endpoint: string;
  readonly region: string;
  readonly arn: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The operations that were asked for. */
  readonly asked: string[];
  readonly violations: string[];
  readonly trouble: Trouble;
  /** The most requests that were under way at once. */
  readonly load: { now: number; most: number };
  readonly key: { state: string; spec: string; materials: Buffer[]; pendingPolls: number };
  stop(): Promise<void>;
}

/** What goes wrong, for so many requests; the rest is done properly. */
interface Trouble {
  throttled: number;
  failing: number;
  silent: number;
  truncated: number;
  cutOff: number;
  /** Answers by halves, and keeps the connection. */
  stalled: number;
  /** The exception of every request. */
  exception: string | undefined;
  /** How many polls a rotation takes to complete. */
  rotationPolls: number;
  /** Changes the answer of an operation. */
  mangle: ((operation: string, answer: Json) => Json) | undefined;
  /** Runs while a request waits for its answer. */
  during: (() => Promise<void>) | undefined;
}

type Json = Record<string, unknown>;

class Exception extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, status = 400) {
    super(`stub: ${type}`);
    this.type = type;
    this.status = status;
  }
}

export async function startKmsStub(
  options: { readonly tls?: { readonly cert: string; readonly key: string } } = {},
): Promise<KmsStub> {
  const { tls } = options;
  const region = 'ap-south-1';
  const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const arn = `arn:aws:kms:${region}:111122223333:key/${keyId}`;
  const credentials = {
    accessKeyId: 'AKIDSTUBSTUBSTUBSTUB',
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
  const trouble: Trouble = {
    throttled: 0,
    failing: 0,
    silent: 0,
    truncated: 0,
    cutOff: 0,
    stalled: 0,
    exception: undefined,
    rotationPolls: 1,
    mangle: undefined,
    during: undefined,
  };
  const key = {
    state: 'Enabled',
    spec: 'SYMMETRIC_DEFAULT',
    materials: [randomBytes(32)],
    pendingPolls: -1,
  };
  const asked: string[] = [];
  const violations: string[] = [];
  const load = { now: 0, most: 0 };

  const violation = (text: string): never => {
    violations.push(text);
    throw new Exception('ValidationException');
  };
  const only = (body: Json, names: string[]) => {
    const unknown = Object.keys(body).filter((name) => !names.includes(name));
    if (unknown.length > 0) violation(`unknown fields ${unknown.join(', ')}`);
  };
  const decode = (value: unknown, most: number): Buffer => {
    const bytes = Buffer.from(String(value), 'base64');
    if (bytes.length < 1 || bytes.length > most || bytes.toString('base64') !== value) {
      return violation('not base64, or of a length that KMS does not take');
    }
    return bytes;
  };
  const checkKeyId = (value: unknown) => {
    if (value !== arn) throw new Exception('NotFoundException');
    if (key.state !== 'Enabled') throw new Exception('DisabledException');
  };
  /** Order does not matter to KMS; every pair does. */
  const contextBytes = (value: unknown): Buffer => {
    if (typeof value !== 'object' || value === null) return violation('no EncryptionContext');
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (!pairs.every(([, text]) => typeof text === 'string')) violation('context is not text');
    return Buffer.from(JSON.stringify(pairs));
  };

  const magic = Buffer.from([1, 2, 2, 0, 0x78]);
  const encrypt = (plain: Buffer, context: Buffer): string => {
    const head = Buffer.concat([magic, Buffer.of(key.materials.length - 1)]);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key.materials.at(-1) ?? '', nonce);
    cipher.setAAD(Buffer.concat([head, context]));
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([head, nonce, text, cipher.getAuthTag()]).toString('base64');
  };
  const decrypt = (blob: Buffer, context: Buffer): Buffer => {
    const material = key.materials[blob[5] ?? 255];
    if (blob.length < 34 || !blob.subarray(0, 5).equals(magic) || material === undefined) {
      throw new Exception('InvalidCiphertextException');
    }
    const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(6, 18));
    decipher.setAAD(Buffer.concat([blob.subarray(0, 6), context])).setAuthTag(blob.subarray(-16));
    try {
      return Buffer.concat([decipher.update(blob.subarray(18, -16)), decipher.final()]);
    } catch {
      throw new Exception('InvalidCiphertextException');
    }
  };

  const operations: Record<string, (body: Json) => Json> = {
    Encrypt(body) {
      only(body, ['KeyId', 'Plaintext', 'EncryptionContext']);
      checkKeyId(body['KeyId']);
      const context = contextBytes(body['EncryptionContext']);
      return { KeyId: arn, CiphertextBlob: encrypt(decode(body['Plaintext'], 4096), context) };
    },
    Decrypt(body) {
      only(body, ['KeyId', 'CiphertextBlob', 'EncryptionContext']);
      checkKeyId(body['KeyId']);
      const context = contextBytes(body['EncryptionContext']);
      const plain = decrypt(decode(body['CiphertextBlob'], 6144), context);
      return { KeyId: arn, Plaintext: plain.toString('base64') };
    },
    ReEncrypt(body) {
      only(body, [
        'CiphertextBlob',
        'SourceKeyId',
        'SourceEncryptionContext',
        'DestinationKeyId',
        'DestinationEncryptionContext',
      ]);
      checkKeyId(body['SourceKeyId']);
      checkKeyId(body['DestinationKeyId']);
      const source = contextBytes(body['SourceEncryptionContext']);
      const plain = decrypt(decode(body['CiphertextBlob'], 6144), source);
      const destination = contextBytes(body['DestinationEncryptionContext']);
      return { KeyId: arn, SourceKeyId: arn, CiphertextBlob: encrypt(plain, destination) };
    },
    DescribeKey(body) {
      only(body, ['KeyId']);
      const known = [arn, keyId, 'alias/caregraph'].includes(String(body['KeyId']));
      if (!known) throw new Exception('NotFoundException');
      const KeyMetadata = {
        Arn: arn,
        KeyId: keyId,
        KeyState: key.state,
        KeySpec: key.spec,
        KeyUsage: 'ENCRYPT_DECRYPT',
      };
      return { KeyMetadata };
    },
    ListKeyRotations(body) {
      only(body, ['KeyId', 'Marker']);
      checkKeyId(body['KeyId']);
      if (key.pendingPolls >= 0 && key.pendingPolls-- === 0) key.materials.push(randomBytes(32));
      const rotations = key.materials
        .slice(1)
        .map(() => ({ KeyId: arn, RotationType: 'ON_DEMAND' }));
      // Pages of one, so that a driver that reads the first page alone is found out.
      const from = Number(body['Marker'] ?? 0);
      const more = from + 1 < rotations.length;
      return {
        Rotations: rotations.slice(from, from + 1),
        Truncated: more,
        ...(more && { NextMarker: String(from + 1) }),
      };
    },
    RotateKeyOnDemand(body) {
      only(body, ['KeyId']);
      checkKeyId(body['KeyId']);
      if (key.pendingPolls >= 0) throw new Exception('ConflictException');
      if (key.materials.length > 10) throw new Exception('LimitExceededException');
      key.pendingPolls = trouble.rotationPolls;
      return { KeyId: arn };
    },
  };

  const perform = (request: IncomingMessage, text: string): Json => {
    const operation = operationOf(request);
    const type = request.headers['content-type'];
    if (request.method !== 'POST' || request.url !== '/') violation('KMS takes POST / alone');
    if (type !== 'application/x-amz-json-1.1') violation(`content-type ${type}`);
    checkSignature(request, text, region, credentials);
    if (trouble.exception !== undefined) throw new Exception(trouble.exception);
    const run = operations[operation];
    if (run === undefined) return violation(`unknown operation ${operation}`);
    const answer = run(JSON.parse(text) as Json);
    return trouble.mangle === undefined ? answer : trouble.mangle(operation, answer);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    asked.push(operationOf(request));
    await trouble.during?.();
    const send = (status: number, body: Json) => {
      const json = JSON.stringify(body);
      const type = { 'content-type': 'application/x-amz-json-1.1' };
      if (trouble.stalled > 0 && trouble.stalled-- > 0) {
        response.writeHead(status, { 'content-length': json.length });
        response.write(json.slice(0, json.length / 2));
        return;
      }
      if (trouble.cutOff > 0 && trouble.cutOff-- > 0) {
        response.writeHead(status, { ...type, 'content-length': json.length });
        response.write(json.slice(0, json.length / 2), () => response.destroy());
        return;
      }
      const shown = trouble.truncated > 0 && trouble.truncated-- > 0 ? json.slice(0, -9) : json;
      response.writeHead(status, type).end(shown);
    };
    if (trouble.silent > 0 && trouble.silent-- > 0) return;
    try {
      if (trouble.throttled > 0 && trouble.throttled-- > 0)
        throw new Exception('ThrottlingException');
      if (trouble.failing > 0 && trouble.failing-- > 0) {
        throw new Exception('KMSInternalException', 500);
      }
      send(200, perform(request, Buffer.concat(chunks).toString('utf8')));
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      send(error.status, { __type: error.type, message: error.message });
    }
  };

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    load.now += 1;
    load.most = Math.max(load.most, load.now);
    response.on('close', () => (load.now -= 1));
    void handle(request, response).catch((error: unknown) => {
      violations.push(String(error));
      response.destroy();
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    region,
    arn,
    credentials,
    asked,
    violations,
    trouble,
    load,
    key,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function operationOf({ headers }: IncomingMessage): string {
  return /^TrentService\.(\w+)$/.exec(String(headers['x-amz-target']))?.[1] ?? 'none';
}

/** Signature Version 4, as the AWS General Reference describes it. */
function checkSignature(
  request: IncomingMessage,
  body: string,
  region: string,
  { accessKeyId, secretAccessKey }: KmsStub['credentials'],
): void {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const parts = pattern.exec(request.headers.authorization ?? '');
  if (parts === null) throw new Exception('MissingAuthenticationToken', 403);
  const [, id, date = '', inRegion, signed = '', signature] = parts;
  if (id !== accessKeyId) throw new Exception('UnrecognizedClientException');
  if (inRegion !== region) throw new Exception('InvalidSignatureException', 403);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const names = signed.split(';');
  for (const needed of ['host', 'x-amz-date', 'x-amz-target']) {
    if (!names.includes(needed)) throw new Exception('IncompleteSignatureException');
  }
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = ['POST', '/', '', headers, signed, sha256(body)].join('\n');
  const scope = `${date}/${region}/kms/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    String(request.headers['x-amz-date']),
    scope,
    sha256(canonical),
  ].join('\n');
  const hmac = (key: Buffer | string, text: string) =>
    createHmac('sha256', key).update(text).digest();
  const signingKey = [date, region, 'kms', 'aws4_request'].reduce<Buffer | string>(
    (key, text) => hmac(key, text),
    `AWS4${secretAccessKey}`,
  );
  if (hmac(signingKey, toSign).toString('hex') !== signature) {
    throw new Exception('InvalidSignatureException');
  }
}
