import { randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './missing-file.ts';

/** Who may read a file: its owner alone, or everybody. Only the owner may write it. */
export type FileMode = 0o600 | 0o644;

/** How the name of a file ends that a process has begun and, if it was killed, left. */
export const unfinishedEnding = '.unfinished';

/**
 * Puts a file in place in one step, whole and on the disk, unless there is one: a hard link is never
 * made over another file, so that of two processes one wins, and both read what won.
 *
 * @param text UTF-8
 * @param mode whatever the umask
 * @returns false when there is one already, which stays as it is
 */
export async function createFile(path: string, text: string, mode: FileMode): Promise<boolean> {
  return beside(path, { text, mode }, async (unfinished) => {
    try {
      await link(unfinished, path);
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    } finally {
      await rm(unfinished);
    }
  });
}

/** The same in place of one that is there: a reader, or a kill, meets the old or the new one. */
export async function replaceFile(path: string, text: string, mode: FileMode): Promise<void> {
  await beside(path, { text, mode }, (unfinished) => rename(unfinished, path));
}

async function beside<T>(
  path: string,
  { text, mode }: { readonly text: string; readonly mode: FileMode },
  place: (unfinished: string) => Promise<T>,
): Promise<T> {
  const unfinished = `${path}.${randomUUID()}${unfinishedEnding}`;
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    const placed = await place(unfinished);
    await syncDirectory(dirname(path));
    return placed;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Without this a power cut takes the new name away, or brings the old one back. */
async function syncDirectory(path: string): Promise<void> {
  // Windows opens no directories.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}
