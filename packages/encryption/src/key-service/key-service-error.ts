/**
 * What a key service can answer with instead of keys.
 *
 * - KEY_SERVICE_UNAVAILABLE: not reached, sealed, throttled or failing; worth another try later
 * - KEY_SERVICE_DENIED: it does not take our credentials, or they may not do this
 * - KEY_SERVICE_MISCONFIGURED: there is no such mount or key, or the key is of the wrong kind
 * - KEY_SERVICE_ANSWER_INVALID: its answer is truncated or not what the API promises
 * - KEY_UNWRAP_REFUSED: it does not open this key: damaged, of another context, or retired
 * - KEY_FILE_INVALID: the key file is damaged, readable by others, or its passphrase is wrong
 */
export type KeyServiceErrorCode =
  | 'KEY_SERVICE_UNAVAILABLE'
  | 'KEY_SERVICE_DENIED'
  | 'KEY_SERVICE_MISCONFIGURED'
  | 'KEY_SERVICE_ANSWER_INVALID'
  | 'KEY_UNWRAP_REFUSED'
  | 'KEY_FILE_INVALID';

/** A fault of the key service. Its message names what and where; never a key, token or plaintext. */
export class KeyServiceError extends Error {
  readonly code: KeyServiceErrorCode;

  constructor(code: KeyServiceErrorCode, explanation: string, cause?: unknown) {
    super(`${code}: ${explanation}`, cause === undefined ? {} : { cause });
    this.name = 'KeyServiceError';
    this.code = code;
  }
}
