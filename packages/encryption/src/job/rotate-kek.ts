import type { StoreKeys } from '../store-keys.ts';
import type { KekWrappedRow, RotationStore } from '../key-store/rotation-store.ts';
import { indexContext } from '../keyring/index-keys.ts';
import type { KeyServiceWatch } from '../keyring/key-service-watch.ts';
import { partitionContext } from '../keyring/partition-keys.ts';
import type { KeyJob } from './key-job.ts';

export interface KekRotationOptions {
  /** The key schemas of all subgraphs. */
  readonly stores: readonly Pick<StoreKeys, 'store' | 'rotation' | 'clock'>[];
  readonly watch: KeyServiceWatch;
  /**
   * How long the old version stays usable after nothing is wrapped by it any more, in milliseconds:
   * backups of the key database that are that old still open.
   */
  readonly retireAfterMs: number;
  /** Works with the newest version that is there, because the service made one by itself. */
  readonly madeAlready?: boolean;
}

const keysPerStep = 100;

/**
 * The job that rotates the key-encryption key: makes a version, wraps every partition key and index
 * key with it, and retires the versions before. Rows are not touched.
 */
export function rotateKekJob(options: KekRotationOptions): KeyJob {
  const { stores, watch, retireAfterMs } = options;
  const clock = stores[0]?.clock;
  if (clock === undefined) throw new RangeError('a rotation without stores');
  return {
    ...{ kind: 'rotate-kek', store: '' },
    // The name says how it began: a job is found again by its name alone.
    subject: options.madeAlready === true ? 'made already' : '',
    async begin() {
      const counts = stores.map(({ rotation }) => rotation.countWrappedBelow(2 ** 31 - 1));
      const total = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
      return { phase: 'ROTATE', position: {}, done: 0, total };
    },
    async step(at) {
      if (at.phase === 'ROTATE') {
        const version = await watch.call((service) =>
          options.madeAlready === true ? service.currentVersion() : service.rotate(),
        );
        return { ...at, phase: 'REWRAP', position: { version: String(version) } };
      }
      const version = Number(at.position['version']);
      const rewrapped = await rewrapSome(stores, watch, version);
      if (rewrapped > 0) return { ...at, done: at.done + rewrapped, notBefore: undefined };
      if (at.phase === 'REWRAP') {
        const notBefore = new Date(clock.now().getTime() + retireAfterMs);
        return { ...at, phase: 'RETIRE', notBefore };
      }
      await watch.call((service) => service.retireBelow(version));
      return 'DONE';
    },
  };
}

/** Wraps the next keys that an older version wraps. @returns how many */
async function rewrapSome(
  stores: KekRotationOptions['stores'],
  watch: KeyServiceWatch,
  version: number,
): Promise<number> {
  for (const { store, rotation } of stores) {
    const rows = await rotation.wrappedBelow(version, keysPerStep);
    if (rows.length === 0) continue;
    await rewrapRows(store, rotation, watch, rows);
    return rows.length;
  }
  return 0;
}

async function rewrapRows(
  store: string,
  rotation: RotationStore,
  watch: KeyServiceWatch,
  rows: readonly KekWrappedRow[],
): Promise<void> {
  const next = await watch.call((service) =>
    service.rewrapMany(
      rows.map((row) => ({
        context:
          row.table === 'partition_key'
            ? partitionContext(store, row.id)
            : indexContext(store, row.column ?? '', row.id),
        kekVersion: row.kekVersion,
        wrapped: row.wrapped,
      })),
    ),
  );
  for (const [at, row] of rows.entries()) {
    const wrapped = next[at];
    if (wrapped === undefined) throw new Error('the key service wrapped too few keys');
    await rotation.rewrap(row, wrapped);
  }
}
