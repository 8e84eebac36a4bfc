import { join } from 'node:path';
import { systemClock } from '@caregraph/clock';
import { createPool, storeNames, type DatabaseTarget } from '@caregraph/database';
import { openKeyService, type KeyService } from '@caregraph/encryption';
import { isThere } from '@caregraph/files';

/**
 * The key service of an embedded deployment: a key file beside its data, made at the first start.
 *
 * Threat: the file is lost, and a new one is made over keys that only the old one opens, so that the
 * loss shows when it is too late. Defence: it is made only while the key database is empty.
 *
 * @param options.passphraseFile holds the passphrase that seals the file; without it, its mode is
 *   all that protects it
 * @throws Error when the file is missing and there are keys; KeyServiceError KEY_FILE_INVALID
 */
export async function openEmbeddedKeyService(options: {
  readonly dataDirectory: string;
  readonly keyDatabase: DatabaseTarget;
  readonly passphraseFile?: string | undefined;
}): Promise<KeyService> {
  const path = join(options.dataDirectory, 'kek.json');
  const makeIfMissing = !(await isThere(path));
  if (makeIfMissing && (await holdsKeys(options.keyDatabase))) {
    throw new Error(
      `${path} is missing, and what the stores hold opens with nothing else: restore it from its backup`,
    );
  }
  const { passphraseFile } = options;
  return openKeyService(
    { kind: 'key-file', path, passphraseFile },
    { clock: systemClock, makeKeyFile: makeIfMissing },
  );
}

async function holdsKeys(target: DatabaseTarget): Promise<boolean> {
  const pool = createPool(target, {
    maxConnections: 1,
    statementTimeoutMs: 10_000,
    applicationName: 'caregraph-keys',
  });
  try {
    const looks = storeNames.flatMap((store) =>
      ['partition_key', 'index_key'].map((table) => `EXISTS (SELECT FROM ${store}.${table})`),
    );
    const { rows } = await pool.query<{ any: boolean }>(`SELECT ${looks.join(' OR ')} AS any`);
    return rows[0]?.any === true;
  } finally {
    await pool.end();
  }
}
