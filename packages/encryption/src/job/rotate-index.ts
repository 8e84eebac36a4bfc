import { modelOf } from '../field-map.ts';
import { wrapIndexKeys } from '../keyring/index-keys.ts';
import { SealError } from '../seal-error.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { columnOf, idField } from '../walk/stored-rows.ts';
import type { JobLeft, JobProgress, KeyJob } from './key-job.ts';
import { asideOf, idsOf } from './set-aside.ts';
import { walkStep, type Walk } from './walk-store.ts';

/**
 * The job that gives a blind index another key. While it runs, rows have tokens of one key or of the
 * other, and a search asks for both: nobody is missing from an answer at any moment.
 *
 * @param column `Model.column`
 * @throws SealError BLIND_INDEX_UNKNOWN
 */
export function rotateIndexJob(store: SealedStore, keys: StoreKeys, column: string): KeyJob {
  const { clock, indexKeys, indexKeyStore } = keys;
  const source = sourceOf(store, column);
  const name = { kind: 'rotate-index', store: keys.store, subject: column };
  const known = () => new Date(clock.now().getTime() + refreshedAfterMs(keys.limits));
  return {
    ...name,
    begin: async () => ({ phase: 'PREPARE', position: {}, done: 0, total: null }),
    async step(at) {
      indexKeys.forget('all');
      switch (at.phase) {
        case 'PREPARE':
          await addNext(keys, column);
          // Every process searches with the next key before any writes with it.
          return { ...at, phase: 'SWITCH', notBefore: known() };
        case 'SWITCH':
          await indexKeyStore.switchIndexKey(column);
          // Every process writes with it before rows are read for the last time.
          return { ...at, phase: 'REINDEX', notBefore: known() };
        case 'REINDEX':
          return reindexStep({ store, job: name, ...source.of(at) }, at);
        default:
          await indexKeyStore.dropOutgoing(column);
          indexKeys.forget('all');
          return 'DONE';
      }
    },
  };
}

function sourceOf({ fields }: SealedStore, name: string) {
  const [model = '', column = ''] = name.split('.');
  const index = Object.hasOwn(fields.models, model)
    ? modelOf(fields, model).blind[column]
    : undefined;
  if (index === undefined) {
    const place = { model, field: column };
    throw new SealError('BLIND_INDEX_UNKNOWN', place, 'the schema declares no such index');
  }
  const entry = modelOf(fields, model);
  const sql = `${columnOf(entry, index.of)} IS NOT NULL`;
  const among = `${sql} AND ${columnOf(entry, idField(model, entry))} = ANY($2::uuid[])`;
  return {
    /** All rows with a value, or those alone that the walk over them has left. */
    of: ({ position: { only } }: JobProgress) => ({
      models: [model],
      filterOf: () =>
        only === undefined ? { sql, values: [] } : { sql: among, values: [only.split(' ')] },
    }),
  };
}

/** While a row has no token of the key that is written with, the key before it stays. */
async function reindexStep(walk: Walk, before: JobProgress): Promise<JobProgress | JobLeft> {
  const { at, isOver } = await walkStep(walk, before);
  if (!isOver) return at;
  const left = asideOf(at);
  if (left.length === 0) return { ...at, phase: 'DROP', position: {} };
  return { left, next: { ...at, position: { only: idsOf(left).join(' ') } } };
}

async function addNext(keys: StoreKeys, column: string): Promise<void> {
  const rows = await keys.indexKeyStore.indexKeys([column]);
  if (rows.some((row) => row.state === 'NEXT')) return;
  const [made] = await wrapIndexKeys(keys, [column]);
  if (made === undefined) throw new Error('no index key was made');
  const generation = Math.max(0, ...rows.map((row) => row.generation)) + 1;
  // An index that nothing was written to yet has no key that could be replaced.
  const state = rows.length === 0 ? 'WRITTEN' : 'NEXT';
  await keys.indexKeyStore.addIndexKey({ ...made, generation, state });
}
