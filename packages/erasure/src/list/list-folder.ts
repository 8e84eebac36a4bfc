import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isUuidV7 } from '@caregraph/clock';
import { hasCode, unfinishedEnding } from '@caregraph/files';
import { markerPath } from './list-marker.ts';
import { refuseLink } from './own-file.ts';

const anyUuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const unfinished = new RegExp(`^(.+)\\.${anyUuid.source}\\${unfinishedEnding}$`);

/**
 * The ids that entries of a list are named by.
 *
 * Threat: a list is put back by a tool that names files in its own way (`<id> (1).json`,
 * `<id>.json.bak`, capitals from a FAT volume). Passed over, such an entry brings somebody back.
 * Defence: whatever has no place in the folder stops the start.
 *
 * @returns in order; none when the folder is not there
 * @throws Error naming what has no place in the folder, or a folder that is a link
 */
export async function idsInFolder(directory: string): Promise<string[]> {
  const found = await itemsOf(directory);
  const stray = found.find((one) => !hasItsPlace(one, directory));
  if (stray !== undefined) {
    throw new Error(
      `${join(directory, stray.name)} has no place in the list of erasures, and may be an entry ` +
        'under a wrong name: restore the list from its copy, name by name. Take away only what is ' +
        'known to be no entry',
    );
  }
  return found.flatMap(({ name }) => entryId(name) ?? []).sort();
}

interface Item {
  readonly name: string;
  isDirectory(): boolean;
}

async function itemsOf(directory: string): Promise<readonly Item[]> {
  try {
    await refuseLink(directory);
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return [];
  }
}

function entryId(name: string): string | undefined {
  const id = /^(.+)\.json$/.exec(name)?.[1];
  return id !== undefined && isUuidV7(id) ? id : undefined;
}

function hasItsPlace(item: Item, directory: string): boolean {
  return isOurs(item.name, directory) || isOfTheMount(item);
}

/** The marker, an entry, or what a write of one of them left when it was killed. */
function isOurs(name: string, directory: string): boolean {
  const whole = unfinished.exec(name)?.[1] ?? name;
  return whole === basename(markerPath(directory)) || entryId(whole) !== undefined;
}

/**
 * What file systems and mounts put into any folder: the directory `lost+found`, and dot files such
 * as `.DS_Store`, `.nfs…`, Kubernetes' `..data`, and `._<id>.json`, in which macOS keeps attributes
 * of a file beside it. Any other dot file that names an id is half of a copy (`.<id>.json.Xy12Ab` of
 * rsync): the list was not put back whole.
 */
function isOfTheMount(item: Item): boolean {
  if (item.name === 'lost+found') return item.isDirectory();
  return item.name.startsWith('._') || (item.name.startsWith('.') && !anyUuid.test(item.name));
}
