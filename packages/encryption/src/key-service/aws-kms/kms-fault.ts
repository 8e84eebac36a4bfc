import { isCertificateFault } from '../certificate-fault.ts';
import { KeyServiceError, type KeyServiceErrorCode } from '../key-service-error.ts';
import { ServiceUnavailable } from '../retry.ts';

/** The exceptions of KMS (API Reference, "Common Errors" and those of the operations). */
const meanings: Readonly<Record<string, KeyServiceErrorCode>> = {
  InvalidCiphertextException: 'KEY_UNWRAP_REFUSED',
  IncorrectKeyException: 'KEY_UNWRAP_REFUSED',

  AccessDeniedException: 'KEY_SERVICE_DENIED',
  CredentialsProviderError: 'KEY_SERVICE_DENIED',
  ExpiredTokenException: 'KEY_SERVICE_DENIED',
  IncompleteSignatureException: 'KEY_SERVICE_DENIED',
  InvalidClientTokenId: 'KEY_SERVICE_DENIED',
  InvalidSignatureException: 'KEY_SERVICE_DENIED',
  // The rotations on demand of a key are used up.
  LimitExceededException: 'KEY_SERVICE_DENIED',
  MissingAuthenticationToken: 'KEY_SERVICE_DENIED',
  OptInRequired: 'KEY_SERVICE_DENIED',
  TokenProviderError: 'KEY_SERVICE_DENIED',
  UnrecognizedClientException: 'KEY_SERVICE_DENIED',

  DisabledException: 'KEY_SERVICE_MISCONFIGURED',
  InvalidArnException: 'KEY_SERVICE_MISCONFIGURED',
  InvalidKeyUsageException: 'KEY_SERVICE_MISCONFIGURED',
  KMSInvalidStateException: 'KEY_SERVICE_MISCONFIGURED',
  NotFoundException: 'KEY_SERVICE_MISCONFIGURED',
  UnsupportedOperationException: 'KEY_SERVICE_MISCONFIGURED',
  ValidationException: 'KEY_SERVICE_MISCONFIGURED',

  AbortError: 'KEY_SERVICE_UNAVAILABLE',
  DependencyTimeoutException: 'KEY_SERVICE_UNAVAILABLE',
  KMSInternalException: 'KEY_SERVICE_UNAVAILABLE',
  KeyUnavailableException: 'KEY_SERVICE_UNAVAILABLE',
  RequestTimeout: 'KEY_SERVICE_UNAVAILABLE',
  ThrottlingException: 'KEY_SERVICE_UNAVAILABLE',
  TimeoutError: 'KEY_SERVICE_UNAVAILABLE',
  TooManyRequestsException: 'KEY_SERVICE_UNAVAILABLE',
};

/**
 * What an error of the SDK means.
 *
 * Threat: the SDK hangs the answer, opened keys included, on errors of parsing, and a log would
 * print them. Defence: its error goes no further; only its name does.
 *
 * @param operation e.g. `Decrypt`
 */
export function kmsFault(operation: string, error: unknown): unknown {
  if (error instanceof KeyServiceError || !(error instanceof Error)) return error;
  if ('code' in error && isCertificateFault(String(error.code))) {
    const explanation = `the certificate of AWS KMS is not trusted (${String(error.code)})`;
    return new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
  }
  const status = statusOf(error);
  const code = meanings[error.name] ?? byStatus(error, status);
  const shown = status === undefined ? error.name : `${error.name}, ${status}`;
  if (code === 'KEY_SERVICE_UNAVAILABLE') {
    return new ServiceUnavailable(`AWS KMS does not serve ${operation} now (${shown})`);
  }
  if (code === 'KEY_SERVICE_ANSWER_INVALID') return invalidKmsAnswer(operation);
  return new KeyServiceError(code, `AWS KMS does not do ${operation} (${shown})`);
}

export function invalidKmsAnswer(operation: string): KeyServiceError {
  const explanation = `the answer of AWS KMS to ${operation} is cut off or not what it promises`;
  return new KeyServiceError('KEY_SERVICE_ANSWER_INVALID', explanation);
}

function byStatus(error: Error, status: number | undefined): KeyServiceErrorCode {
  // ECONNREFUSED, ENOTFOUND, ECONNRESET and their like come without an answer.
  if ('code' in error && typeof error.code === 'string') return 'KEY_SERVICE_UNAVAILABLE';
  if (status === undefined || status < 400) return 'KEY_SERVICE_ANSWER_INVALID';
  if (status === 429 || status >= 500) return 'KEY_SERVICE_UNAVAILABLE';
  return 'KEY_SERVICE_MISCONFIGURED';
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status = 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
