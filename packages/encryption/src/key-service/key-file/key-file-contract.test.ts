import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeKeyService } from '../test-key-service-contract.ts';
import { createKeyFileService } from './key-file-service.ts';

describeKeyService('the key file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'caregraph-kek-'));
  const path = join(directory, 'kek.json');
  const service = await createKeyFileService({ path, makeIfMissing: true });
  const keys = (await readFile(path, 'utf8')).matchAll(/"key": "([^"]+)"/g);
  return {
    service,
    another: () => createKeyFileService({ path }),
    secrets: [...keys].map(([, key]) => key ?? ''),
    stop: () => rm(directory, { recursive: true }),
  };
});
