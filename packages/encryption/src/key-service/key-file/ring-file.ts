import { KeyServiceError } from '../key-service-error.ts';
import { readKeyFile, replaceKeyFile, stampOf } from './key-file-disk.ts';
import { withKeyFileLock, type FileStamp } from './key-file-disk.ts';
import type { KeyFileFormat } from './key-file-format.ts';
import { keyFileInvalid } from './key-file-invalid.ts';
import { checkSuccession, newestOf, wipeRing, type KeyRing } from './key-ring.ts';

/** The versions of the KEK in memory, and the file that they follow. */
export interface RingFile {
  /**
   * The versions as the file has them now. Use them before waiting for anything else: they are
   * wiped when the file has changed.
   */
  current(): Promise<KeyRing>;
  /** Writes what `next` makes of the versions. @returns the newest */
  change(next: (ring: KeyRing) => KeyRing): Promise<number>;
  close(): void;
}

function wipeIfRefused(read: KeyRing, check: () => void) {
  try {
    check();
  } catch (error) {
    wipeRing(read);
    throw error;
  }
}

export function createRingFile(path: string, format: KeyFileFormat): RingFile {
  let ring: KeyRing | undefined;
  let stamp: FileStamp | undefined;
  let reading: Promise<KeyRing> | undefined;
  let closed = false;

  const checkOpen = () => {
    if (closed) throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'the key file was closed');
  };
  const adopt = (read: KeyRing, of: FileStamp) => {
    wipeIfRefused(read, () => {
      checkOpen();
      if (ring !== undefined) checkSuccession(path, ring, read);
    });
    wipeRing(ring ?? []);
    ring = read;
    stamp = of;
    return read;
  };
  const read = async () => {
    const before = await stampOf(path);
    checkOpen();
    if (before === undefined) throw keyFileInvalid(path, 'there is no such file');
    if (ring !== undefined && before === stamp) return ring;
    // Stamped before it is read: a write in between only makes us read it once more.
    return adopt(await format.read(await readKeyFile(path)), before);
  };
  const current = async () => {
    checkOpen();
    reading ??= read().finally(() => (reading = undefined));
    return await reading;
  };
  const change = async (next: (ring: KeyRing) => KeyRing) => {
    // A read that began before the lock was ours may have missed what another process wrote.
    if (reading !== undefined) await Promise.allSettled([reading]);
    const before = await current();
    const changed = next(before);
    const writing = format.write(changed);
    wipeRing(changed.filter((entry) => !before.includes(entry)));
    const text = await writing;
    checkOpen();
    await replaceKeyFile(path, text);
    return newestOf(await current()).version;
  };

  return {
    current,
    async change(next) {
      checkOpen();
      return await withKeyFileLock(path, () => change(next));
    },
    close() {
      closed = true;
      wipeRing(ring ?? []);
      ring = undefined;
      format.wipe();
    },
  };
}
