import { join } from 'node:path';
import { isUuidV7 } from '@caregraph/clock';
import { hasCode, parseJson } from '@caregraph/files';
import type { JSONWebKeySet } from 'jose';
import { erasureEntry, type ErasureEntry } from './erasure-entry.ts';
import { isSigned, type ErasureSigner } from './erasure-signature.ts';
import { idsInFolder } from './list-folder.ts';
import { isMarked, makeListMarker, markerPath } from './list-marker.ts';
import { createOwnFile, readOwnFile, refuseLink, replaceOwnFile } from './own-file.ts';

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
  /**
   * All entries, by id.
   *
   * @throws as `read`; Error when the folder is not the list, its marker is not to be believed, or
   *   something has no place in it
   */
  readAll(): Promise<readonly ErasureEntry[]>;
  /**
   * Writes the first entry of a person.
   *
   * @returns false when there is one already
   * @throws Error when the folder is not the list
   */
  create(entry: ErasureEntry): Promise<boolean>;
  /** Puts an entry in the place of an earlier one. */
  replace(entry: ErasureEntry): Promise<void>;
  /** Whether the folder has the marker of the list, and whether it has entries. */
  look(): Promise<{ readonly marked: boolean; readonly used: boolean }>;
  /** Makes a folder that is there the list, by its marker. A marker that is there stays. */
  start(sign: ErasureSigner, at: Date): Promise<void>;
  /** What is wrong with a folder that has no marker and no entries. */
  notTheList(): Error;
}

/**
 * Opens a list of erasures. Entries say whom a start erases again.
 *
 * Threats: someone who can write into the folder has a living person erased by the next start (an
 * entry counts only with the signature of the deployment); an entry was put back under another name
 * (what has no place in the folder is refused); a volume is not mounted, so that the
 * folder is empty, or not there, and seems to say that nobody was erased (a folder is the list by
 * its signed marker, or by an entry from before there were markers); a link in the folder leads the
 * reader, or the writer, to another file (links are refused); a kill in the middle leaves half an
 * entry (it is written beside, brought to the disk, and then put in place).
 *
 * @param keys public keys that sign entries
 */
export function openErasureList(options: {
  readonly directory: string;
  readonly keys: JSONWebKeySet;
}): ErasureList {
  const { directory, keys } = options;
  const pathOf = (patientId: string) => {
    if (!isUuidV7(patientId)) throw new RangeError('not the id of a patient');
    return join(directory, `${patientId}.json`);
  };
  const read = (patientId: string) => readEntry(pathOf(patientId), patientId, keys);
  const notTheList = () =>
    new Error(
      `${directory} is not the list of erasures of this deployment: mount its volume, or restore ` +
        'the list from its copy. Without it nobody can tell who must not come back: if there is no ' +
        'copy, read "Erasing a person" in docs/operations/key-management.md first',
    );
  const look = async () => {
    const ids = await idsInFolder(directory);
    return { ids, marked: await isMarked(directory, keys), used: ids.length > 0 };
  };
  const idsOfList = async () => {
    const { ids, marked, used } = await look();
    if (!marked && !used) throw notTheList();
    return ids;
  };
  return {
    ...{ directory, pathOf, read, notTheList },
    async readAll() {
      const entries = await Promise.all((await idsOfList()).map((id) => read(id)));
      return entries.filter((entry) => entry !== undefined);
    },
    async create(entry) {
      await idsOfList();
      return createOwnFile(pathOf(entry.record.patientId), entry);
    },
    replace: (entry) => replaceOwnFile(pathOf(entry.record.patientId), entry),
    async look() {
      const { marked, used } = await look();
      return { marked, used };
    },
    async start(sign, at) {
      await refuseLink(directory).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error;
        throw new Error(`${directory} is not there: mount its volume, or make the folder`);
      });
      await createOwnFile(markerPath(directory), await makeListMarker(sign, at));
    },
  };
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
