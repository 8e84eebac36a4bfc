import { writeFile } from 'node:fs/promises';
import type { Clock } from '@caregraph/clock';
import { ownersErased } from '@caregraph/encryption';
import { isThere } from '@caregraph/files';
import type { ErasureTarget } from './erase-store.ts';
import type { ErasureEntry } from './list/erasure-entry.ts';
import type { ErasureList } from './list/erasure-list.ts';
import type { ErasureSigner } from './list/erasure-signature.ts';

export interface ListRequirement {
  readonly stores: readonly ErasureTarget[];
  readonly list: ErasureList;
  readonly sign: ErasureSigner;
  readonly clock: Clock;
  /**
   * A file that says, apart from the list, that the list was started. Left out where nobody but the
   * operator may start one.
   */
  readonly note?: string | undefined;
}

/**
 * Makes sure that a folder is the list of this deployment. One with entries from before there were
 * markers gets its marker; an empty one becomes the list where there never was one.
 *
 * Threat: the volume of the list is not mounted, and an empty folder says that nobody was erased.
 * Defence: an empty folder without a marker is refused once a list was started, and where a store
 * shows somebody as erased.
 *
 * @throws Error telling what to do
 */
export async function requireErasureList(options: ListRequirement): Promise<void> {
  const { list, stores, note } = options;
  const { marked, used } = await list.look();
  if (!marked && used) await list.readAll();
  if (!marked && !used) {
    if (note === undefined || (await isThere(note))) throw list.notTheList();
    if ((await shownAsErased(stores)).length > 0) throw list.notTheList();
  }
  if (!marked) await startErasureList(options);
  else await noteStart(options);
}

/** What speaks against starting a list where there is none. */
export interface EarlierList {
  /** Whether a note says that there was a list, which is not in the folder. */
  readonly noted: boolean;
  /** Whom stores or keys show as erased. */
  readonly erased: readonly string[];
}

/**
 * Looks for signs that a deployment had a list before.
 *
 * Threat: the volume of the list is not mounted, or stores of before an erasure were put back, which
 * show nobody as erased; an operator starts a list there, and everybody is back. Defence: the note
 * says that there was one, whatever the stores are of.
 *
 * @throws Error when the folder has a damaged marker, one of another deployment, or what has no
 *   place in it
 */
export async function earlierList({
  list,
  stores,
  note,
}: Pick<ListRequirement, 'list' | 'stores' | 'note'>): Promise<EarlierList> {
  const { marked, used } = await list.look();
  const noted = !marked && !used && note !== undefined && (await isThere(note));
  return { noted, erased: await shownAsErased(stores) };
}

/** Makes the folder the list, and notes that it was. */
export async function startErasureList(
  options: Pick<ListRequirement, 'list' | 'sign' | 'clock' | 'note'>,
): Promise<void> {
  const { list, sign, clock } = options;
  await list.start(sign, clock.now());
  await noteStart(options);
}

async function noteStart({ list, note }: Pick<ListRequirement, 'list' | 'note'>): Promise<void> {
  if (note === undefined || (await isThere(note))) return;
  await writeFile(note, `${JSON.stringify({ startedIn: list.directory })}\n`, { mode: 0o600 });
}

/**
 * Reads the whole list, and refuses one that lacks somebody.
 *
 * Threat: an entry was deleted, or the list that was put back is older than the stores. Who is
 * erased now would be back after the next restore. Defence: stores and keys show who was erased.
 *
 * @throws Error naming who is missing
 */
export async function readWholeList(
  stores: readonly ErasureTarget[],
  list: ErasureList,
): Promise<readonly ErasureEntry[]> {
  const { entries, lacking } = await compareList(stores, list);
  if (lacking.length > 0) throw lackingError(list, lacking);
  return entries;
}

/** The whole list, and whom it lacks of those whom stores or keys show as erased. */
export async function compareList(
  stores: readonly ErasureTarget[],
  list: ErasureList,
): Promise<{ readonly entries: readonly ErasureEntry[]; readonly lacking: readonly string[] }> {
  // First, because an erasure that begins meanwhile is in the list before it is in a store.
  const shown = await shownAsErased(stores);
  const entries = await list.readAll();
  const listed = new Set(
    entries.flatMap(({ record: { patientId, aliases, households } }) => [
      patientId,
      ...aliases,
      ...households.map((one) => one.id),
    ]),
  );
  return { entries, lacking: shown.filter((id) => !listed.has(id)) };
}

/** What a list that lacks somebody is refused with. */
export function lackingError(list: ErasureList, lacking: readonly string[]): Error {
  const named = lacking.slice(0, 10).join(', ');
  return new Error(
    `${list.directory}, the list of erasures, lacks ${lacking.length} whom the stores show as erased: ` +
      `${named}. Restore the list from its copy; where that is lost, run for each of them: ` +
      'caregraph patient erase <id> --reason <code>',
  );
}

/** Whom stores or keys show as erased, under each of their ids; and households, by their keys. */
async function shownAsErased(stores: readonly ErasureTarget[]): Promise<string[]> {
  const shown = await Promise.all(
    stores.map(async ({ erasure, pool, keyPool }) => {
      const { rows } = await pool.query<{ id: string }>(
        'SELECT id::text FROM erased_subject WHERE part_of IS NULL',
      );
      return [...rows.map((row) => row.id), ...(await ownersErased(keyPool, erasure.store))];
    }),
  );
  return [...new Set(shown.flat())].sort();
}
