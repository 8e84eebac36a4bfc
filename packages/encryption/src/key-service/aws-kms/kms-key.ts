import { DescribeKeyCommand, ListKeyRotationsCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { KeyMetadata, ListKeyRotationsResponse } from '@aws-sdk/client-kms';
import { KeyServiceError } from '../key-service-error.ts';
import { realWait, withRetries, type Wait } from '../retry.ts';
import { invalidKmsAnswer, kmsFault } from './kms-fault.ts';
import type { createLimiter } from './limiter.ts';

/** Calls of KMS as all of the driver makes them: bounded, timed, and with our errors. */
export interface KmsCalls {
  /** Tried again while it is unavailable. */
  ask<T>(operation: string, send: SendKms<T>): Promise<T>;
  askOnce<T>(operation: string, send: SendKms<T>): Promise<T>;
}

type SendKms<T> = (client: KMSClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>;

export function createKmsCalls(deps: {
  readonly client: KMSClient;
  readonly limit: ReturnType<typeof createLimiter>;
  readonly timeoutMs: number;
  readonly isClosed: () => boolean;
  readonly wait?: Wait | undefined;
}): KmsCalls {
  const { client, limit, timeoutMs, wait = realWait } = deps;
  const askOnce = <T>(operation: string, send: SendKms<T>) =>
    limit(async () => {
      if (deps.isClosed()) {
        throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'the service was closed');
      }
      try {
        return await send(client, { abortSignal: AbortSignal.timeout(timeoutMs) });
      } catch (error) {
        throw kmsFault(operation, error);
      }
    });
  return {
    askOnce,
    ask: (operation, send) => withRetries(() => askOnce(operation, send), wait),
  };
}

/**
 * The ARN of the key, with which all further calls name it: an alias could be pointed elsewhere.
 *
 * @param keyId id, ARN or alias
 * @throws KeyServiceError KEY_SERVICE_MISCONFIGURED when the key cannot wrap
 */
export async function resolveKmsKey(calls: KmsCalls, keyId: string): Promise<string> {
  const answer = await calls.ask('DescribeKey', (client, options) =>
    client.send(new DescribeKeyCommand({ KeyId: keyId }), options),
  );
  const key: KeyMetadata | undefined = answer.KeyMetadata;
  if (key?.Arn === undefined) throw invalidKmsAnswer('DescribeKey');
  const fits = key.KeySpec === 'SYMMETRIC_DEFAULT' && key.KeyUsage === 'ENCRYPT_DECRYPT';
  if (fits && key.KeyState === 'Enabled') return key.Arn;
  const explanation = `the key of AWS KMS is ${key.KeySpec}, ${key.KeyUsage}, ${key.KeyState}`;
  throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
}

/**
 * The version of the key: 1 and one for each completed rotation. KMS does not say with which
 * material it encrypts, so this is a count of our own.
 */
export async function countKmsVersions(calls: KmsCalls, arn: string): Promise<number> {
  let rotations = 0;
  let marker: string | undefined;
  do {
    const page: ListKeyRotationsResponse = await calls.ask(
      'ListKeyRotations',
      (client, options) => {
        const input = { KeyId: arn, ...(marker !== undefined && { Marker: marker }) };
        return client.send(new ListKeyRotationsCommand(input), options);
      },
    );
    if (page.Rotations === undefined) throw invalidKmsAnswer('ListKeyRotations');
    rotations += page.Rotations.length;
    marker = page.Truncated === true ? page.NextMarker : undefined;
  } while (marker !== undefined);
  return 1 + rotations;
}
