import { readFile } from 'node:fs/promises';
import type { Clock } from '@caregraph/clock';
import { KeyServiceError } from './key-service-error.ts';
import type { KeyServiceConfig } from './key-service-config.ts';
import type { KeyService } from './key-service.ts';

/**
 * Opens the key service that a process is configured for. Vault and KMS are first asked at their
 * first use: `currentVersion()` tells whether they serve.
 *
 * @param deps `makeKeyFile` is for the embedded profile, which has nobody to make the file;
 *   `onFault` is told of a lease that could not be renewed in the background
 * @throws KeyServiceError KEY_FILE_INVALID, or KEY_SERVICE_MISCONFIGURED for a file that is missing
 * @example const keys = await openKeyService(config.keyService, { clock: systemClock });
 */
export async function openKeyService(
  config: KeyServiceConfig,
  deps: {
    readonly clock: Clock;
    readonly makeKeyFile?: boolean;
    readonly onFault?: (fault: KeyServiceError) => void;
  },
): Promise<KeyService> {
  const { clock } = deps;
  // A process loads the driver that it uses, and not the SDK of a service that it will never ask.
  switch (config.kind) {
    case 'key-file': {
      const { createKeyFileService } = await import('./key-file/key-file-service.ts');
      const { readPassphrase } = await import('./key-file/passphrase-file.ts');
      const passphrase =
        config.passphraseFile === undefined
          ? undefined
          : await readPassphrase(config.passphraseFile);
      const makeIfMissing = deps.makeKeyFile ?? false;
      return createKeyFileService({ path: config.path, passphrase, clock, makeIfMissing });
    }
    case 'vault-transit': {
      const { createVaultTransitService } =
        await import('./vault-transit/vault-transit-service.ts');
      const ca = config.caFile === undefined ? undefined : await readText(config.caFile);
      const { onFault } = deps;
      return createVaultTransitService({ ...config, ca, clock, ...(onFault && { onFault }) });
    }
    case 'aws-kms': {
      const { createAwsKmsService } = await import('./aws-kms/aws-kms-service.ts');
      return createAwsKmsService({ ...config, clock });
    }
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', `${path} cannot be read`);
  }
}
