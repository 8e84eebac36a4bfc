import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuidV7 } from '@caregraph/clock';
import type { JSONWebKeySet } from 'jose';
import { erasureEntry, type ErasureEntry } from './erasure-entry.ts';
import { isSigned } from './erasure-signature.ts';

/**
 * The list of erasures: one file a person, outside of the stores and their backups, so that a
 * restored store does not bring anybody back.
 */
export interface ErasureList {
  readonly directory: string;
  /** Where the entry of a person lies, whether or not there is one. */
  pathOf(patientId: string): string;
  /** @throws Error naming a file that is damaged, not signed, or not a file of its own */
  read(patientId: string): Promise<ErasureEntry | undefined>;
  /** All entries, by id. @throws as `read` */
  readAll(): Promise<readonly ErasureEntry[]>;
  /** Writes the first entry of a person. @returns false when there is one already */
  create(entry: ErasureEntry): Promise<boolean>;
  /** Puts an entry in the place of an earlier one. */
  replace(entry: ErasureEntry): Promise<void>;
}

/**
 * Opens a list of erasures. Entries say whom a start erases again.
 *
 * Threats: someone who can write into the folder has a living person erased by the next start (an
 * entry counts only with the signature of the deployment); a link in the folder leads the reader, or
 * the writer, to another file (links are refused); a kill in the middle leaves half an entry (it is
 * written beside, brought to the disk, and then put in place).
 *
 * @param keys public keys that sign entries
 * @param mustExist refuses a folder that is not there: one that was not mounted names nobody
 */
export function openErasureList(options: {
  readonly directory: string;
  readonly keys: JSONWebKeySet;
  readonly mustExist?: boolean;
}): ErasureList {
  const { directory, keys, mustExist = false } = options;
  const pathOf = (patientId: string) => {
    if (!isUuidV7(patientId)) throw new RangeError('not the id of a patient');
    return join(directory, `${patientId}.json`);
  };
  const read = (patientId: string) => readEntry(pathOf(patientId), patientId, keys);
  return {
    directory,
    pathOf,
    read,
    async readAll() {
      const names = await namesIn(directory, mustExist);
      const entries = await Promise.all(names.map((name) => read(name)));
      return entries.filter((entry) => entry !== undefined);
    },
    async create(entry) {
      await makeDirectory(directory);
      const path = pathOf(entry.record.patientId);
      const beside = await writeBeside(path, entry);
      try {
        await link(beside, path);
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await unlink(beside);
      }
      await syncDirectory(directory);
      return true;
    },
    async replace(entry) {
      const path = pathOf(entry.record.patientId);
      await refuseLink(path);
      await rename(await writeBeside(path, entry), path);
      await syncDirectory(directory);
    },
  };
}

async function namesIn(directory: string, mustExist: boolean): Promise<string[]> {
  try {
    await refuseLink(directory);
    const names = await readdir(directory);
    const ids = names.flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? []);
    return ids.filter(isUuidV7).sort();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    if (mustExist) throw new Error(`${directory}, the list of erasures, is not there`);
    return [];
  }
}

async function readEntry(
  path: string,
  patientId: string,
  keys: JSONWebKeySet,
): Promise<ErasureEntry | undefined> {
  const text = await readOwnFile(path);
  if (text === undefined) return undefined;
  const parsed = erasureEntry.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.record.patientId !== patientId) {
    throw new Error(`${path} is damaged: restore it from the backup of the list of erasures`);
  }
  const { record, recordSignature } = parsed.data;
  if (await isSigned('record', record, recordSignature, keys)) return parsed.data;
  throw new Error(`${path} is not signed by this deployment: find out who wrote it, and why`);
}

async function readOwnFile(path: string): Promise<string | undefined> {
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

async function refuseLink(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) throw isALink(path);
}

const isALink = (path: string) => new Error(`${path} is a link: the list of erasures follows none`);

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseLink(directory);
}

/** Brought to the disk before it is put in place, for its owner alone. */
async function writeBeside(path: string, entry: ErasureEntry): Promise<string> {
  const beside = `${path}.${process.pid}`;
  // Left by a process with this id that was killed.
  await unlink(beside).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(entry, null, 2)}\n`);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
