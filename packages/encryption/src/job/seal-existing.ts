import type { StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { settleSealedState } from '../walk/settle-sealed-state.ts';
import { countRows, plainOrUnindexed } from '../walk/stored-rows.ts';
import type { KeyJob } from './key-job.ts';
import { asideOf } from './set-aside.ts';
import { walkStep } from './walk-store.ts';

/**
 * The job that seals what a store held before there was encryption: every value of format version 0
 * is sealed, and the row's tokens are computed with the keys of today. When none is left, the store
 * refuses plain bytes for good. Rows that are in no index yet are indexed where that is possible now.
 * A row that cannot be sealed stays as it is: while it has plain bytes the store takes such.
 */
export function sealExistingJob(store: SealedStore, keys: StoreKeys): KeyJob {
  const { pool, fields } = store;
  const name = { kind: 'seal-existing', store: keys.store, subject: '' };
  return {
    ...name,
    begin: async () => ({
      ...{ phase: 'SEAL', position: {}, done: 0 },
      total: await countRows(pool, fields, plainOrUnindexed),
    }),
    async step(at) {
      const walk = { store, job: name, filterOf: plainOrUnindexed };
      const { at: next, isOver } = await walkStep(walk, at);
      if (!isOver) return next;
      const sealed = await settleSealedState(pool, fields, keys, keys.clock.now());
      const again = { ...next, position: {} };
      const left = asideOf(next);
      if (left.length > 0) return { left, next: again };
      // A row that an older process wrote behind the walk: once more from the beginning.
      return sealed ? 'DONE' : again;
    },
  };
}
