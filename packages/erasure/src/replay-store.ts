import type { Clock, IdSource } from '@caregraph/clock';
import { eraseKeys, eraseRows, showsErased, type ErasureTarget } from './erase-store.ts';
import type { ErasureList } from './list/erasure-list.ts';

/**
 * Erases again from one store whom the list names, for a subgraph that runs as a process of its own:
 * it has its own store and no other. Before it serves. The list is only read; erasures that were
 * never completed are completed by `caregraph patient erase`.
 *
 * @returns the ids of those who were erased again
 * @throws Error when a record that is not in the list was merged into one that is
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
  for (const { record } of await list.readAll()) {
    if (await showsErased(target, record)) continue;
    if ((await eraseRows(target, record, { at: clock.now(), ids })) === 'ALIASES_LEFT') {
      const hint = `caregraph patient erase ${record.patientId} --reason ${record.reason}`;
      throw new Error(`an erasure was cut short and must be completed first: ${hint}`);
    }
    await eraseKeys(target, record, clock.now());
    replayed.push(record.patientId);
  }
  return replayed;
}
