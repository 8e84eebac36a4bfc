import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { createKeyFileService } from './key-file-service.ts';

export const context = 'caregraph/patient/partition/1';

export type Versions = { version: number; key: string; check: string }[];

/** A directory for each test, with the place of a key file in it. To be called once in a file. */
export function createKeyFileBed() {
  const bed = {
    directory: '',
    path: '',
    open: (passphrase?: string) => createKeyFileService({ path: bed.path, passphrase }),
    /** Changes the parsed file as somebody with an editor would. */
    async edit(change: (file: Record<string, unknown>) => void): Promise<void> {
      const file = JSON.parse(await readFile(bed.path, 'utf8')) as Record<string, unknown>;
      change(file);
      await writeFile(bed.path, JSON.stringify(file));
    },
    versionsIn: async () =>
      (JSON.parse(await readFile(bed.path, 'utf8')) as { versions: Versions }).versions,
  };
  beforeEach(async () => {
    bed.directory = await mkdtemp(join(tmpdir(), 'caregraph-kek-'));
    bed.path = join(bed.directory, 'kek.json');
  });
  afterEach(() => rm(bed.directory, { recursive: true }));
  return bed;
}

export const fault = (explanation: RegExp) =>
  expect.objectContaining({
    code: 'KEY_FILE_INVALID',
    message: expect.stringMatching(explanation) as string,
  });
