import {
  DecryptCommand,
  EncryptCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { systemClock, type Clock } from '@caregraph/clock';
import { KeyServiceError } from '../key-service-error.ts';
import { checkRetirement, checkUnwrapRequests, checkWrapRequests } from '../key-request.ts';
import { keyBytes, maxWrappedBytes } from '../key-request.ts';
import type { KeyService, UnwrapRequest, WrapRequest, WrappedKey } from '../key-service.ts';
import { realWait, ServiceUnavailable, type Wait } from '../retry.ts';
import { createKmsClient } from './kms-client.ts';
import { invalidKmsAnswer } from './kms-fault.ts';
import { countKmsVersions, createKmsCalls, resolveKmsKey, type KmsCalls } from './kms-key.ts';
import { allOrNothing, createLimiter } from './limiter.ts';

export interface AwsKmsOptions {
  /** Id, ARN or alias of a symmetric key whose material AWS made. */
  readonly keyId: string;
  readonly region: string;
  /** A VPC endpoint, or a stand-in on this machine. Left out: as the SDK finds it. */
  readonly endpoint?: string | undefined;
  /** For one call, in milliseconds; a call that changes nothing is tried three times. */
  readonly timeoutMs: number;
  /** Left out: the SDK finds the role of the machine, the pod or the environment. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly clock?: Clock;
  readonly wait?: Wait;
}

/** KMS has no batch. The quota of requests is shared by the whole account and region. */
const mostAtOnce = 16;
/** Others may rotate: until then we wrap under the older number, and the next rewrap moves it. */
const versionKeptMs = 5 * 60_000;
const rotationPollMs = 2_000;
const rotationPolls = 90;

/**
 * The KEK in AWS KMS. The context is the EncryptionContext, which CloudTrail shows in plain.
 *
 * KMS hides which version wraps a key, and keeps all of them for as long as the key lives: a
 * version is 1 and the number of completed rotations when the key was wrapped, and `retireBelow`
 * answers false.
 *
 * @throws TypeError when the endpoint is neither https nor on this machine
 * @example createAwsKmsService({ keyId: 'alias/caregraph', region: 'ap-south-1', timeoutMs: 3000 })
 */
export function createAwsKmsService(options: AwsKmsOptions): KeyService {
  const client = createKmsClient({ ...options, maxSockets: mostAtOnce });
  let closed = false;
  const limit = createLimiter(mostAtOnce);
  const { timeoutMs, wait = realWait } = options;
  const calls = createKmsCalls({ client, limit, timeoutMs, isClosed: () => closed, wait });
  const checkOpen = () => {
    if (closed) throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'the service was closed');
  };
  const key = createVersionedKey(calls, options);

  return {
    kind: 'aws-kms',
    async wrapMany(requests) {
      checkOpen();
      checkWrapRequests(requests);
      if (requests.length === 0) return [];
      const [arn, version] = await Promise.all([key.arn(), key.version()]);
      return allOrNothing(requests, (one) => wrap(calls, arn, version, one), discardNothing);
    },
    async unwrapMany(requests) {
      checkOpen();
      checkUnwrapRequests(requests);
      if (requests.length === 0) return [];
      const arn = await key.arn();
      return allOrNothing(
        requests,
        (one) => unwrap(calls, arn, one),
        (opened) => void opened.fill(0),
      );
    },
    async rewrapMany(requests) {
      checkOpen();
      checkUnwrapRequests(requests);
      if (requests.length === 0) return [];
      const [arn, version] = await Promise.all([key.arn(), key.newestVersion()]);
      return allOrNothing(requests, (one) => rewrap(calls, arn, version, one), discardNothing);
    },
    currentVersion: () => key.newestVersion(),
    async rotate() {
      const arn = await key.arn();
      const before = await key.newestVersion();
      await beginRotation(calls, arn);
      for (let polls = 0; polls < rotationPolls; polls += 1) {
        const version = await key.newestVersion();
        if (version > before) return version;
        await wait(rotationPollMs);
      }
      throw new ServiceUnavailable('AWS KMS is still rotating; ask for the version later');
    },
    async retireBelow(version) {
      checkRetirement(version, await key.newestVersion());
      return false;
    },
    close: async () => {
      closed = true;
      client.destroy();
    },
  };
}

/** What the key is called, asked once, and its version, asked again when it is old. */
function createVersionedKey(calls: KmsCalls, { keyId, clock = systemClock }: AwsKmsOptions) {
  let resolving: Promise<string> | undefined;
  let counting: Promise<number> | undefined;
  let known: { readonly version: number; readonly untilMs: number } | undefined;
  const arn = () => {
    resolving ??= resolveKmsKey(calls, keyId).catch((error: unknown) => {
      resolving = undefined;
      throw error;
    });
    return resolving;
  };
  const newestVersion = async () => {
    const version = await countKmsVersions(calls, await arn());
    known = { version, untilMs: clock.now().getTime() + versionKeptMs };
    return version;
  };
  return {
    arn,
    newestVersion,
    async version() {
      if (known !== undefined && clock.now().getTime() < known.untilMs) return known.version;
      counting ??= newestVersion().finally(() => (counting = undefined));
      return await counting;
    },
  };
}

/** KMS rotates in the background; one that is under way already is as good as ours. */
async function beginRotation(calls: KmsCalls, arn: string): Promise<void> {
  // Not tried again: each rotation costs money, and KMS allows few on demand.
  await calls.askOnce('RotateKeyOnDemand', async (client, options) => {
    try {
      await client.send(new RotateKeyOnDemandCommand({ KeyId: arn }), options);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ConflictException')) throw error;
    }
  });
}

async function wrap(
  calls: KmsCalls,
  arn: string,
  version: number,
  { key, context }: WrapRequest,
): Promise<WrappedKey> {
  const answer = await calls.ask('Encrypt', (client, options) => {
    const EncryptionContext = encryptionContext(context, version);
    return client.send(
      new EncryptCommand({ KeyId: arn, Plaintext: key, EncryptionContext }),
      options,
    );
  });
  return wrappedOf('Encrypt', arn, version, answer);
}

async function unwrap(
  calls: KmsCalls,
  arn: string,
  { wrapped, context, kekVersion }: UnwrapRequest,
): Promise<Uint8Array> {
  const { KeyId, Plaintext } = await calls.ask('Decrypt', (client, options) => {
    const EncryptionContext = encryptionContext(context, kekVersion);
    const input = { KeyId: arn, CiphertextBlob: wrapped, EncryptionContext };
    return client.send(new DecryptCommand(input), options);
  });
  // A copy of its own, because that of the SDK may be a part of Node's pool.
  const key = Uint8Array.from(Plaintext ?? []);
  Plaintext?.fill(0);
  if (key.length === keyBytes && KeyId === arn) return key;
  key.fill(0);
  throw invalidKmsAnswer('Decrypt');
}

async function rewrap(
  calls: KmsCalls,
  arn: string,
  version: number,
  { wrapped, context, kekVersion }: UnwrapRequest,
): Promise<WrappedKey> {
  const answer = await calls.ask('ReEncrypt', (client, options) => {
    const input = {
      CiphertextBlob: wrapped,
      SourceKeyId: arn,
      SourceEncryptionContext: encryptionContext(context, kekVersion),
      DestinationKeyId: arn,
      DestinationEncryptionContext: encryptionContext(context, version),
    };
    return client.send(new ReEncryptCommand(input), options);
  });
  return wrappedOf('ReEncrypt', arn, version, answer);
}

function wrappedOf(
  operation: string,
  arn: string,
  kekVersion: number,
  answer: { readonly KeyId?: string | undefined; readonly CiphertextBlob?: Uint8Array | undefined },
): WrappedKey {
  const wrapped = Uint8Array.from(answer.CiphertextBlob ?? []);
  const possible = wrapped.length > keyBytes && wrapped.length <= maxWrappedBytes;
  if (possible && answer.KeyId === arn) return { kekVersion, wrapped };
  throw invalidKmsAnswer(operation);
}

/**
 * Threat: a wrapped key is moved to another row, or labelled with another version so that a rewrap
 * passes it by. Defence: KMS authenticates both.
 */
function encryptionContext(context: string, kekVersion: number): Record<string, string> {
  return { 'caregraph-context': context, 'caregraph-kek-version': String(kekVersion) };
}

const discardNothing = () => undefined;
