import type { Clock, IdSource } from '@caregraph/clock';
import {
  begunIn,
  eraseKeys,
  eraseRows,
  showsErased,
  withSubjects,
  type ErasureTarget,
} from './erase-store.ts';
import type { ErasureRecord } from './list/erasure-entry.ts';
import type { ErasureList } from './list/erasure-list.ts';
import { readWholeList } from './require-list.ts';

/**
 * Erases again from one store whom the list names, for a subgraph that runs as a process of its own:
 * it has its own store and no other. Before it serves. The list is only read; erasures that were
 * never completed are completed by `caregraph patient erase`. Of these, a store that does not know
 * which records are merged leaves merged records alone, unless it has begun to erase them.
 *
 * @returns the ids of those who were erased again
 * @throws Error when a record that is not in the list was merged into one that is, or somebody whom
 *   the store shows as erased is not
 */
export async function replayStore(
  target: ErasureTarget,
  {
    list,
    clock,
    ids,
  }: { readonly list: ErasureList; readonly clock: Clock; readonly ids: IdSource },
): Promise<readonly string[]> {
  const replayed: string[] = [];
  for (const { record: listed } of await readWholeList([target], list)) {
    const begun = listed.state === 'COMPLETED' ? [] : await begunIn(target, listed.aliases);
    const certain = listed.state === 'COMPLETED' || target.erasure.recordsOf !== undefined;
    const record = certain ? listed : withSubjects(listed, begun);
    if (await showsErased(target, record)) continue;
    const erased = await eraseMerged(target, record, { begun, clock, ids });
    await eraseKeys(target, erased, clock.now());
    replayed.push(record.patientId);
  }
  return replayed;
}

/** @returns what was erased: without records that are not merged any more */
async function eraseMerged(
  target: ErasureTarget,
  listed: ErasureRecord,
  deps: { readonly begun: readonly string[]; readonly clock: Clock; readonly ids: IdSource },
): Promise<ErasureRecord> {
  for (let record = listed; ;) {
    const erased = await eraseRows(target, record, { ...deps, at: deps.clock.now() });
    if (erased.kind === 'ERASED') return record;
    if (erased.kind === 'ALIASES_LEFT') {
      const hint = `caregraph patient erase ${record.patientId} --reason ${record.reason}`;
      throw new Error(`an erasure was cut short and must be completed first: ${hint}`);
    }
    const other = erased.patientId;
    record = withSubjects(
      record,
      record.aliases.filter((id) => id !== other),
    );
  }
}
