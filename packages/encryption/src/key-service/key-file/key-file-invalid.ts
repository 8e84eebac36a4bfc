import { KeyServiceError } from '../key-service-error.ts';

/** The path is named, for whoever has to mend it; nothing of the contents is. */
export function keyFileInvalid(path: string, explanation: string): KeyServiceError {
  return new KeyServiceError('KEY_FILE_INVALID', `${path}: ${explanation}`);
}
