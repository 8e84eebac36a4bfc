import { modelOf } from '../field-map.ts';
import { wrapIndexKeys } from '../keyring/index-keys.ts';
import { SealError } from '../seal-error.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { columnOf } from '../walk/stored-rows.ts';
import type { KeyJob } from './key-job.ts';
import { walkStep } from './walk-store.ts';

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
  const known = () => new Date(clock.now().getTime() + refreshedAfterMs(keys.limits));
  return {
    ...{ kind: 'rotate-index', store: keys.store, subject: column },
    begin: async () => ({ phase: 'PREPARE', position: {}, done: 0, total: null }),
    async step(at) {
      indexKeys.forget();
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
          return (
            (await walkStep(store, at, source.filter, [source.model])) ?? {
              ...at,
              phase: 'DROP',
            }
          );
        default:
          await indexKeyStore.dropOutgoing(column);
          indexKeys.forget();
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
  const sql = `${columnOf(modelOf(fields, model), index.of)} IS NOT NULL`;
  return { model, filter: () => ({ sql, values: [] }) };
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
