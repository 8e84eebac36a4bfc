import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { KeyServiceError, type KeyServiceErrorCode } from './key-service-error.ts';
import type { KeyService, UnwrapRequest, WrapRequest } from './key-service.ts';

/** The keys with which the contract of key services is tried. */

/** A driver with a fresh KEK of one version, and what the suite cannot see from outside. */
export interface StartedKeyService {
  readonly service: KeyService;
  /** A second driver on the same KEK, as another process has it. */
  readonly another: () => Promise<KeyService>;
  /** How many calls the service has received; undefined where there is nothing to count. */
  readonly calls?: () => number;
  /** Credentials that no error may show. */
  readonly secrets: readonly string[];
  readonly stop: () => Promise<void>;
}

export type Begin = () => Promise<StartedKeyService>;

export const context = 'caregraph/patient/partition/0198c0de-0000-7000-8000-000000000001';

export const keyToWrap = (): WrapRequest => ({ key: randomBytes(32), context });
export const keysToWrap = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    key: randomBytes(32),
    context: `${context}/${index}`,
  }));

/** What stands in a database: the wrapped keys with the context of each. */
export async function wrapAll(service: KeyService, requests: readonly WrapRequest[]) {
  const wrapped = await service.wrapMany(requests);
  return wrapped.map((key, index) => ({ ...key, context: requests[index]?.context ?? '' }));
}

export async function wrapOne(service: KeyService, request = keyToWrap()): Promise<UnwrapRequest> {
  const [wrapped] = await wrapAll(service, [request]);
  if (wrapped === undefined) throw new Error('nothing was wrapped');
  return wrapped;
}

export async function codeOf(work: Promise<unknown>): Promise<KeyServiceErrorCode> {
  const fault = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (fault instanceof KeyServiceError) return fault.code;
  throw new Error('expected a KeyServiceError', { cause: fault });
}

export const expectRefused = async (service: KeyService, request: UnwrapRequest) => {
  expect(await codeOf(service.unwrapMany([request]))).toBe('KEY_UNWRAP_REFUSED');
};
