import { z } from 'zod';
import { createKeyFileService } from './key-service/key-file/key-file-service.ts';
export const keyServiceVariables = {
  KEY_SERVICE: z.enum(['key-file', 'vault-transit', 'aws-kms']),
  KEK_FILE: z.string().optional(),
};
export function openKeyService(config: { KEK_FILE?: string | undefined }) {
  return createKeyFileService({ path: config.KEK_FILE ?? '' });
}
