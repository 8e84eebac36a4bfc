import type { KekWrappedRow, RotationStore } from '../key-store/rotation-store.ts';
import { isRefusal } from '../keyring/data-keys.ts';
import { indexContext } from '../keyring/index-keys.ts';
import type { KeyServiceWatch } from '../keyring/key-service-watch.ts';
import { partitionContext } from '../keyring/partition-keys.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { JobName, JobProgress, KeyJob } from './key-job.ts';
import { asideOf, idsOf, setAside, type SetAside } from './set-aside.ts';

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
 * `retireKekJob` ends them. A key that does not open stays on its version, and the rotation is over
 * all the same: the next one must not wait for it.
 *
 * @param options.madeAlready works with the newest version that is there, because the service made
 *   one by itself
 */
export function rotateKekJob(options: KekJobOptions & { readonly madeAlready?: boolean }): KeyJob {
  const { stores, watch, madeAlready = false } = options;
  // The name says how it began: a job is found again by its name alone.
  const job = { kind: 'rotate-kek', store: '', subject: madeAlready ? 'made already' : '' };
  return {
    ...job,
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
      const version = Number(at.position['version']);
      const next = await rewrapSome({ stores, watch, version, job }, at);
      return next ?? { left: asideOf(at), next: 'DONE' };
    },
  };
}

/**
 * The job that ends the versions of the KEK before one: whatever such a version still wraps is
 * wrapped anew first, and once more when no process can know it any longer: one that had a key
 * wrapped by an older version may store it late. Only copies elsewhere are lost. While a key does not
 * open, no version ends: a backup may still have it whole.
 */
export function retireKekJob({ stores, watch }: KekJobOptions, version: number): KeyJob {
  const job = { kind: 'retire-kek', store: '', subject: String(version) };
  return {
    ...job,
    begin: async () => ({ phase: 'REWRAP', position: {}, done: 0, total: null }),
    async step(at) {
      const next = await rewrapSome({ stores, watch, version, job }, at);
      if (next !== undefined) return next;
      const left = asideOf(at);
      if (left.length > 0) return { left, next: { ...at, position: {} } };
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

interface Rewrap extends KekJobOptions {
  readonly version: number;
  readonly job: JobName;
}

/** Wraps the next keys that an older version wraps. @returns undefined when there are none */
async function rewrapSome(of: Rewrap, at: JobProgress): Promise<JobProgress | undefined> {
  for (const { store, rotation } of of.stores) {
    const rows = await rotation.wrappedBelow(of.version, keysPerStep, idsOf(asideOf(at)));
    if (rows.length === 0) continue;
    const refused = await rewrapOrName({ ...of, store, rotation }, rows);
    const done = at.done + rows.length - refused.length;
    return { ...setAside(at, of.job, refused), done };
  }
  return undefined;
}

interface RewrapIn extends Omit<Rewrap, 'stores'> {
  readonly store: string;
  readonly rotation: RotationStore;
}

/** All by one call; where the service refuses one of them, each by its own. @returns the refused */
async function rewrapOrName(of: RewrapIn, rows: readonly KekWrappedRow[]): Promise<SetAside[]> {
  try {
    await rewrapRows(of, rows);
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  const refused: SetAside[] = [];
  for (const row of rows) {
    await rewrapRows(of, [row]).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      refused.push({ place: `${of.store}.${row.table}`, id: row.id, code: 'KEY_UNWRAP_REFUSED' });
    });
  }
  return refused;
}

async function rewrapRows(
  { store, rotation, watch, version }: RewrapIn,
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
