import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { createFile, hasCode, replaceFile } from '@caregraph/files';

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
export function createOwnFile(path: string, content: object): Promise<boolean> {
  return createFile(path, textOf(content), 0o600);
}

/** Puts a file in the place of one that is there. */
export async function replaceOwnFile(path: string, content: object): Promise<void> {
  await refuseLink(path);
  await replaceFile(path, textOf(content), 0o600);
}

const textOf = (content: object) => `${JSON.stringify(content, null, 2)}\n`;

export async function refuseLink(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) throw isALink(path);
}

const isALink = (path: string) => new Error(`${path} is a link: the list of erasures follows none`);
