import { systemClock, type Clock } from '@caregraph/clock';
import { checkRetirement, checkUnwrapRequests, checkWrapRequests } from '../key-request.ts';
import { refused, wipeAll } from '../key-request.ts';
import type { KeyService, UnwrapRequest } from '../key-service.ts';
import { placeKeyFile, stampOf, withKeyFileLock } from './key-file-disk.ts';
import { createKeyFileFormat, type KeyFileFormat } from './key-file-format.ts';
import { newKekVersion, newestOf, wipeRing, type KeyRing } from './key-ring.ts';
import { namedVersion, unwrapWith, wrapWith } from './key-wrap.ts';
import { createRingFile } from './ring-file.ts';

export interface KeyFileOptions {
  /** On a local disk, in a directory that only this account may write. */
  readonly path: string;
  /** Seals the keys in the file. A file is either made with one or not. */
  readonly passphrase?: string | undefined;
  /** Dates the versions; nothing depends on it. */
  readonly clock?: Clock;
}

/**
 * Makes the key file with its first version, unless there is one.
 *
 * @throws KeyServiceError KEY_FILE_INVALID when it cannot be written
 */
export async function makeKeyFile(options: KeyFileOptions): Promise<void> {
  const format = createKeyFileFormat(options.path, options.passphrase);
  await makeMissing(options, format).finally(() => format.wipe());
}

async function makeMissing(options: KeyFileOptions, format: KeyFileFormat): Promise<void> {
  const { path, clock = systemClock } = options;
  if ((await stampOf(path)) !== undefined) return;
  const ring = [newKekVersion(1, clock)];
  try {
    await withKeyFileLock(path, async () => placeKeyFile(path, await format.write(ring)));
  } finally {
    wipeRing(ring);
  }
}

/**
 * The key service of the embedded profile: the KEK lies in a file of this machine, so it protects
 * the database and its copies, not a machine whose disk is read as a whole.
 *
 * Reads the file again whenever it has changed, because other processes rotate too.
 *
 * @param options `makeIfMissing` makes the file at the first start of a deployment. A damaged file
 *   is never replaced: what it wrapped would be lost.
 * @throws KeyServiceError KEY_FILE_INVALID when the file is missing, damaged, readable by others,
 *   or does not open with the passphrase
 * @example const keys = await createKeyFileService({ path: 'data/kek.json', makeIfMissing: true });
 */
export async function createKeyFileService(
  options: KeyFileOptions & { readonly makeIfMissing?: boolean },
): Promise<KeyService> {
  const { path, passphrase, clock = systemClock } = options;
  const format = createKeyFileFormat(path, passphrase);
  const file = createRingFile(path, format);
  try {
    if (options.makeIfMissing === true) await makeMissing(options, format);
    await file.current();
  } catch (error) {
    file.close();
    throw error;
  }

  return {
    kind: 'key-file',
    async wrapMany(requests) {
      checkWrapRequests(requests);
      const newest = newestOf(await file.current());
      return requests.map((request) => wrapWith(newest, request));
    },
    async unwrapMany(requests) {
      checkUnwrapRequests(requests);
      return unwrapAll(await file.current(), requests);
    },
    async rewrapMany(requests) {
      checkUnwrapRequests(requests);
      const ring = await file.current();
      const opened = unwrapAll(ring, requests);
      const newest = newestOf(ring);
      const moved = requests.map(({ context }, index) =>
        wrapWith(newest, { key: opened[index] ?? new Uint8Array(), context }),
      );
      wipeAll(opened);
      return moved;
    },
    currentVersion: async () => newestOf(await file.current()).version,
    rotate: () =>
      file.change((ring) => [...ring, newKekVersion(newestOf(ring).version + 1, clock)]),
    async retireBelow(version) {
      await file.change((ring) => {
        checkRetirement(version, newestOf(ring).version);
        return ring.filter((entry) => entry.version >= version);
      });
      return true;
    },
    close: async () => file.close(),
  };
}

function unwrapAll(ring: KeyRing, requests: readonly UnwrapRequest[]): Uint8Array[] {
  const opened: Uint8Array[] = [];
  try {
    for (const request of requests) {
      const version = namedVersion(request);
      const kek = ring.find((entry) => entry.version === version);
      if (kek === undefined) throw refused(`version ${version} is retired, or was never here`);
      opened.push(unwrapWith(kek, request));
    }
    return opened;
  } catch (error) {
    wipeAll(opened);
    throw error;
  }
}
