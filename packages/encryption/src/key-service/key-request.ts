import { KeyServiceError } from './key-service-error.ts';
import type { UnwrapRequest, WrapRequest } from './key-service.ts';

export const keyBytes = 32;
export const maxWrappedBytes = 4096;

/** Printable ASCII: the same bytes in JSON, in an EncryptionContext and in associated data. */
const contextPattern = /^[\x21-\x7e]{1,200}$/;

/**
 * Threat: a key of another length, or an empty one, would be wrapped and found out when it is
 * needed. Defence: every driver checks the requests before it does anything.
 *
 * @throws RangeError for a mistake of the caller
 */
export function checkWrapRequests(requests: readonly WrapRequest[]): void {
  for (const { key, context } of requests) {
    if (key.length !== keyBytes) throw new RangeError(`A key to wrap has ${keyBytes} bytes.`);
    checkContext(context);
  }
}

/**
 * @throws RangeError for a mistake of the caller
 * @throws KeyServiceError KEY_UNWRAP_REFUSED for what no driver can have written
 */
export function checkUnwrapRequests(requests: readonly UnwrapRequest[]): void {
  for (const { context, kekVersion, wrapped } of requests) {
    checkContext(context);
    const possible = Number.isSafeInteger(kekVersion) && kekVersion > 0;
    if (!possible || wrapped.length === 0 || wrapped.length > maxWrappedBytes) {
      throw refused('it is not a wrapped key');
    }
  }
}

/** @throws RangeError when the version is none, or later than the newest */
export function checkRetirement(version: number, newest: number): void {
  if (Number.isSafeInteger(version) && version > 0 && version <= newest) return;
  throw new RangeError(`Versions below ${version} cannot be retired: the newest is ${newest}.`);
}

/** The one refusal. It does not say which check failed beyond what helps an operator. */
export function refused(explanation: string): KeyServiceError {
  return new KeyServiceError('KEY_UNWRAP_REFUSED', explanation);
}

export function wipeAll(keys: readonly Uint8Array[]): void {
  for (const key of keys) key.fill(0);
}

function checkContext(context: string): void {
  if (!contextPattern.test(context)) {
    throw new RangeError('A context is 1 to 200 printable ASCII characters without spaces.');
  }
}
