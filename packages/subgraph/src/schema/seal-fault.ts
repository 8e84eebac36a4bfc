import { KeyDatabaseError, KeyServiceError, SealError } from '@caregraph/encryption';
import { Fault } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';

/** What a stored value can be that makes it unreadable; other codes are mistakes of our own code. */
const unreadable = new Set([
  'SEAL_VERSION_UNKNOWN',
  'SEAL_NOT_SEALED',
  'SEAL_KEY_UNKNOWN',
  'SEAL_KEY_DAMAGED',
  'SEAL_OPEN_REFUSED',
  'SEAL_VALUE_INVALID',
]);

/**
 * The fault that a client is told when keys or sealed values are the reason: keys that cannot be had
 * just now, or a value that does not open. The log says which model, field and row; no value is in
 * either, and an unreadable value is never answered as an empty one.
 */
export function sealFault(
  cause: unknown,
  log: Logger,
  onUnreadable: (code: string) => void,
): Fault | undefined {
  if (cause instanceof KeyServiceError && cause.code === 'KEY_UNWRAP_REFUSED') {
    // Asking again does not help: the KEK is another one, or the wrapped key was changed.
    onUnreadable(cause.code);
    log.error('a wrapped key does not open', { code: 'VALUE_UNREADABLE', reason: cause.code });
    return new Fault('VALUE_UNREADABLE', { reason: cause.code }, cause);
  }
  if (cause instanceof KeyServiceError || cause instanceof KeyDatabaseError) {
    log.warn('the keys cannot be had', { code: 'KEYS_UNAVAILABLE', reason: cause.code });
    return new Fault('KEYS_UNAVAILABLE', {}, cause);
  }
  if (!(cause instanceof SealError)) return undefined;
  const { model, field, rowId } = cause.place;
  const at = field === undefined ? model : `${model}.${field}`;
  const reason = `${cause.code} ${at} ${rowId ?? ''}`.trimEnd();
  if (unreadable.has(cause.code)) {
    onUnreadable(cause.code);
    log.error('a stored value does not open', { code: 'VALUE_UNREADABLE', reason });
    const row = rowId === undefined ? {} : { row: rowId };
    return new Fault('VALUE_UNREADABLE', { at, ...row, reason: cause.code }, cause);
  }
  if (cause.code !== 'SEAL_KEY_EXHAUSTED') return undefined;
  log.error('a data key has no uses left', { code: 'KEYS_UNAVAILABLE', reason });
  return new Fault('KEYS_UNAVAILABLE', { reason: cause.code }, cause);
}
