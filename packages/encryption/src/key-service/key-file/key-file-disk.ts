import { constants, type Stats } from 'node:fs';
import { chmod, lstat, open, readdir, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { createFile, hasCode, replaceFile, unfinishedEnding } from '@caregraph/files';
import { KeyServiceError } from '../key-service-error.ts';
import { realWait } from '../retry.ts';
import { keyFileInvalid } from './key-file-invalid.ts';

const maxFileBytes = 4 * 1024 * 1024;
const posix = process.platform !== 'win32';

/** Tells one state of the file from the next: every write is a new file that is moved here. */
export type FileStamp = string;

/** @returns undefined when there is no file */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  try {
    const { ino, mtimeNs, ctimeNs, size } = await lstat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${ctimeNs} ${size}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unreadable(path, error);
  }
}

/**
 * Reads the key file.
 *
 * Threats: another account reads the keys; a link leads to a file of the attacker's, or has the
 * next write land there; a pipe keeps the process waiting. Defences: links are not followed, and
 * what was opened must be an ordinary file of ours that nobody else may read or write, in a directory
 * where nobody else may put another in its place.
 *
 * @throws KeyServiceError KEY_FILE_INVALID
 */
export async function readKeyFile(path: string): Promise<string> {
  const flags = constants.O_RDONLY | (posix ? constants.O_NOFOLLOW | constants.O_NONBLOCK : 0);
  let file: FileHandle | undefined;
  try {
    file = await open(path, flags);
    checkKind(path, await file.stat());
    await checkDirectory(dirname(path));
    return await file.readFile('utf8');
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}

function checkKind(path: string, stats: Stats): void {
  if (!stats.isFile()) throw keyFileInvalid(path, 'it is not an ordinary file');
  if (stats.size > maxFileBytes) throw keyFileInvalid(path, 'it is too large for a key file');
  if (posix && stats.uid !== 0 && stats.uid !== process.getuid?.()) {
    throw keyFileInvalid(path, 'it belongs to another account, which could read and change it');
  }
  if (posix && (stats.mode & 0o077) !== 0) {
    throw keyFileInvalid(path, `others may read or change it; run: chmod 600 ${path}`);
  }
}

/** With the sticky bit, as of /tmp, others may add files and not move ours. */
const stickyBit = 0o1000;

async function checkDirectory(path: string): Promise<void> {
  if (!posix) return;
  const { uid, mode } = await stat(path).catch((error: unknown) => fail(path, error));
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw keyFileInvalid(path, 'it belongs to another account, which could replace the key file');
  }
  if ((mode & 0o022) !== 0 && (mode & stickyBit) === 0) {
    throw keyFileInvalid(
      path,
      `others may replace the key file; run: chmod go-w ${path}, or give it a directory of its own there`,
    );
  }
}

/**
 * Puts the first key file in its place, unless there is one already.
 *
 * Threat: two processes start at once and each wraps with its own key. Defence: one of them wins, and
 * both read what won.
 */
export async function placeKeyFile(path: string, text: string): Promise<void> {
  await createFile(path, text, 0o600).catch((error: unknown) => fail(path, error));
}

/** Replaces the key file in one step: a reader, or a kill, meets the old or the new one. */
export async function replaceKeyFile(path: string, text: string): Promise<void> {
  await replaceFile(path, text, 0o600).catch((error: unknown) => fail(path, error));
}

/**
 * Runs the work while no other process that asks this way changes the file.
 *
 * Threat: two processes rotate at once, and the second write forgets the version of the first. A
 * lock file that a killed process leaves behind would block rotation, and guessing that it is stale
 * would bring the threat back. Defence: a lock of the operating system, taken through SQLite, which
 * ends with the process however it ends.
 */
export async function withKeyFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lockPath = `${path}.lock`;
  await checkDirectory(dirname(path));
  const { DatabaseSync } = await import('node:sqlite');
  // Opened by SQLite alone: whoever closes another handle of the file gives the lock of the whole
  // process away (POSIX advisory locks).
  const lock = openLock(DatabaseSync, lockPath);
  try {
    // So that other accounts cannot hold it.
    if (posix) await chmod(lockPath, 0o600).catch((error: unknown) => fail(lockPath, error));
    for (let tries = 1; !takes(lock, lockPath); tries += 1) {
      if (tries > 400) {
        throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', `${lockPath} stays locked`);
      }
      await realWait(25);
    }
    await removeUnfinished(path);
    return await work();
  } finally {
    lock.close();
  }
}

function openLock(Database: typeof DatabaseSync, lockPath: string): DatabaseSync {
  try {
    return new Database(lockPath);
  } catch {
    throw keyFileInvalid(lockPath, 'it cannot be made or opened beside the key file');
  }
}

function takes(lock: DatabaseSync, lockPath: string): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (/locked/.test(String(error))) return false;
    throw keyFileInvalid(lockPath, 'it cannot be locked');
  }
}

/** What a killed process left beside the file has keys in it; under the lock nobody else writes. */
async function removeUnfinished(path: string): Promise<void> {
  const names = await readdir(dirname(path));
  const unfinished = names.filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(unfinishedEnding),
  );
  for (const name of unfinished) await rm(join(dirname(path), name), { force: true });
}

function fail(path: string, error: unknown): never {
  throw unreadable(path, error);
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof KeyServiceError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  if (code === 'ENOENT') return keyFileInvalid(path, 'there is no such file');
  if (code === 'ELOOP') return keyFileInvalid(path, 'it is a symbolic link; name the file itself');
  return keyFileInvalid(path, `it cannot be read or written (${code})`);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
