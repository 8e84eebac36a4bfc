import { constants } from 'node:fs';
import { link, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, whenMissing } from '@caregraph/files';

/** Files of the list of erasures: their owner's alone, whole or not there, and never a link. */

/** @returns undefined when there is none. @throws Error when it is a link */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ELOOP')) throw isALink(path);
    throw error;
  }
}

/** @returns false when there is one already, which stays as it is */
export async function createOwnFile(path: string, content: object): Promise<boolean> {
  const beside = await writeBeside(path, content);
  try {
    await link(beside, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(beside);
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Puts a file in the place of one that is there. */
export async function replaceOwnFile(path: string, content: object): Promise<void> {
  await refuseLink(path);
  await rename(await writeBeside(path, content), path);
  await syncDirectory(dirname(path));
}

export async function refuseLink(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) throw isALink(path);
}

const isALink = (path: string) => new Error(`${path} is a link: the list of erasures follows none`);

/** Brought to the disk before it is put in place, for its owner alone. */
async function writeBeside(path: string, content: object): Promise<string> {
  const beside = `${path}.${process.pid}`;
  // Left by a process with this id that was killed.
  await unlink(beside).catch(whenMissing(undefined));
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  return beside;
}

/** A name that is not on the disk is lost with the power. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(directory, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
