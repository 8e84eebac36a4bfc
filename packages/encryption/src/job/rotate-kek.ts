import type { KekWrappedRow, RotationStore } from '../key-store/rotation-store.ts';
import { indexContext } from '../keyring/index-keys.ts';
import type { KeyServiceWatch } from '../keyring/key-service-watch.ts';
import { partitionContext } from '../keyring/partition-keys.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { KeyJob } from './key-job.ts';

export interface KekJobOptions {
  /** The key schemas of all subgraphs. */
  readonly stores: readonly Pick<StoreKeys, 'store' | 'rotation' | 'clock' | 'limits'>[];
  readonly watch: KeyServiceWatch;
}

const keysPerStep = 100;
const anyVersion = 2 ** 31 - 1;

/**
 * The job that rotates the key-encryption key: makes a version and wraps every partition key and
 * index key with it. Rows are not touched. The versions before still open what backups hold, until
 * `retireKekJob` ends them.
 *
 * @param options.madeAlready works with the newest version that is there, because the service made
 *   one by itself
 */
export function rotateKekJob(options: KekJobOptions & { readonly madeAlready?: boolean }): KeyJob {
  const { stores, watch, madeAlready = false } = options;
  return {
    // The name says how it began: a job is found again by its name alone.
    ...{ kind: 'rotate-kek', store: '', subject: madeAlready ? 'made already' : '' },
    async begin() {
      const counts = stores.map(({ rotation }) => rotation.countWrappedBelow(anyVersion));
      const total = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
      return { phase: 'ROTATE', position: {}, done: 0, total };
    },
    async step(at) {
      if (at.phase === 'ROTATE') {
        const version = await watch.call((service) =>
          madeAlready ? service.currentVersion() : service.rotate(),
        );
        return { ...at, phase: 'REWRAP', position: { version: String(version) } };
      }
      const rewrapped = await rewrapSome(stores, watch, Number(at.position['version']));
      return rewrapped === 0 ? 'DONE' : { ...at, done: at.done + rewrapped };
    },
  };
}

/**
 * The job that ends the versions of the KEK before one: whatever such a version still wraps is
 * wrapped anew first, and once more when no process can know it any longer: one that had a key
 * wrapped by an older version may store it late. Only copies elsewhere are lost.
 */
export function retireKekJob({ stores, watch }: KekJobOptions, version: number): KeyJob {
  return {
    ...{ kind: 'retire-kek', store: '', subject: String(version) },
    begin: async () => ({ phase: 'REWRAP', position: {}, done: 0, total: null }),
    async step(at) {
      const rewrapped = await rewrapSome(stores, watch, version);
      if (rewrapped > 0) return { ...at, done: at.done + rewrapped };
      if (at.phase === 'REWRAP') return { ...at, phase: 'SWEEP', notBefore: forgottenAt(stores) };
      await watch.call((service) => service.retireBelow(version));
      return 'DONE';
    },
  };
}

/** When every process has read its keys anew. */
function forgottenAt(stores: KekJobOptions['stores']): Date {
  const instants = stores.map(
    ({ clock, limits }) => clock.now().getTime() + refreshedAfterMs(limits),
  );
  return new Date(Math.max(0, ...instants));
}

/** Wraps the next keys that an older version wraps. @returns how many */
async function rewrapSome(
  stores: KekJobOptions['stores'],
  watch: KeyServiceWatch,
  version: number,
): Promise<number> {
  for (const { store, rotation } of stores) {
    const rows = await rotation.wrappedBelow(version, keysPerStep);
    if (rows.length === 0) continue;
    await rewrapRows({ store, rotation, watch, version }, rows);
    return rows.length;
  }
  return 0;
}

async function rewrapRows(
  of: {
    readonly store: string;
    readonly rotation: RotationStore;
    readonly watch: KeyServiceWatch;
    readonly version: number;
  },
  rows: readonly KekWrappedRow[],
): Promise<void> {
  const { store, rotation, watch, version } = of;
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
  if (next.length !== rows.length) throw new Error('the key service wrapped too few keys');
  const behind = next.some(({ kekVersion }) => kekVersion < version);
  if (behind) throw new Error('the key service wraps with an older version than it has');
  await rotation.rewrap(
    rows.flatMap((row, at) => {
      const wrapped = next[at];
      return wrapped === undefined ? [] : [{ row, next: wrapped }];
    }),
  );
}
