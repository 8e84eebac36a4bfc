import type { Clock, IdSource } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { refuseOlderKek } from '../keyring/older-kek.ts';
import type { KeyServiceWatch } from '../keyring/key-service-watch.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { expectDataKeys } from '../walk/keys-that-fit.ts';
import { sealedModels } from '../walk/stored-rows.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import type { JobName, JobOutcome, JobRow, KeyJob } from './key-job.ts';
import { dropRetiredJob, rotateDataKeyJob } from './rotate-data-key.ts';
import { rotateIndexJob } from './rotate-index.ts';
import { retireKekJob, rotateKekJob } from './rotate-kek.ts';
import { rotatePartitionsJob } from './rotate-partitions.ts';
import { asideOf, idsOf, readAside } from './set-aside.ts';
import { runJob, type JobRunOptions } from './run-job.ts';
import { sealExistingJob } from './seal-existing.ts';

/** A subgraph's store with its keys; `sealed` is left out where the store holds nothing sealed. */
export interface KeptStore {
  readonly keys: StoreKeys;
  readonly sealed?: SealedStore;
}

export interface KeyKeeperOptions {
  readonly stores: readonly KeptStore[];
  readonly keyPool: DatabasePool;
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** How often the KEK is rotated, in milliseconds. */
  readonly rotateKekEveryMs?: number;
  /** How long what was replaced still opens older backups, in milliseconds. */
  readonly keepReplacedMs?: number;
}

/** Runs the jobs on keys: those that are asked for, and those that are due. */
export interface KeyKeeper {
  readonly jobs: JobStore;
  /** A job by its name. @throws RangeError for a kind, store or subject that there is not */
  job(name: JobName): KeyJob;
  /** @throws Error where the keys of a store are lost, or the KEK is older than what it wrapped */
  run(job: KeyJob, options?: Partial<JobRunOptions>): Promise<JobOutcome>;
  /**
   * What is open and what should begin now, in the order in which it should run.
   *
   * @param options.forgetBackups ends what was replaced at once: older backups will not open
   */
  due(options?: { readonly forgetBackups?: boolean }): Promise<KeyJob[]>;
}

const dayMs = 86_400_000;
const keepReplacedMs = 35 * dayMs;
/** A worn key is replaced long before it refuses, so some at a time are enough. */
const wornAtOnce = 100;

/** Creates the keeper of all keys of a deployment. */
export function createKeyKeeper(options: KeyKeeperOptions): KeyKeeper {
  const { keyPool, clock, ids } = options;
  const jobs = createJobStore(keyPool);
  const job = (name: JobName) => jobOf(options, name);
  return {
    jobs,
    job,
    async run(one, more = {}) {
      const rotations = options.stores.map(({ keys }) => keys);
      await refuseOlderKek(rotations, options.watch);
      for (const { keys, sealed } of options.stores) {
        if (sealed !== undefined) await expectDataKeys(sealed.pool, sealed.fields, keys);
      }
      return runJob(one, { jobs, clock, ids, ...more });
    },
    async due({ forgetBackups = false } = {}) {
      const keepMs = forgetBackups ? 0 : (options.keepReplacedMs ?? keepReplacedMs);
      const open = await jobs.openJobs();
      const begun = new Set(open.map(nameOf));
      const rotates = open.some((one) => one.kind === 'rotate-kek');
      const wanted = [
        ...(await unsealedStores(options)),
        ...(await wornKeys(options)),
        ...(rotates ? [] : await kekRotation(options, jobs)),
        ...(await kekRetirement(options, jobs, keepMs)),
      ];
      const fresh = wanted.filter((one) => !begun.has(nameOf(one)));
      // Not by name: how long a replaced key is kept is not part of it.
      const begunDrops = open.filter(({ kind }) => kind === 'drop-retired');
      const drops = await retiredKeys(
        options,
        keepMs,
        new Set(begunDrops.map(({ store }) => store)),
      );
      return [...open.filter(({ kind }) => kind !== 'drop-retired'), ...fresh]
        .map(job)
        .concat(drops);
    },
  };
}

function nameOf({ kind, store, subject }: JobName): string {
  return `${kind}/${store}/${subject}`;
}

function jobOf(options: KeyKeeperOptions, { kind, store, subject }: JobName): KeyJob {
  const deployment = { stores: options.stores.map((one) => one.keys), watch: options.watch };
  if (kind === 'rotate-kek') {
    return rotateKekJob({ ...deployment, madeAlready: subject === 'made already' });
  }
  if (kind === 'retire-kek') return retireKekJob(deployment, Number(subject));
  const kept = options.stores.find((one) => one.keys.store === store);
  if (kept === undefined) throw new RangeError(`no subgraph is called ${store}`);
  if (kind === 'rotate-partitions') return rotatePartitionsJob(kept.keys);
  const { keys, sealed } = kept;
  if (sealed === undefined) throw new RangeError(`${store} holds nothing sealed`);
  switch (kind) {
    case 'rotate-data-key':
      return rotateDataKeyJob(sealed, keys, subject);
    case 'rotate-index':
      return rotateIndexJob(sealed, keys, subject);
    case 'seal-existing':
      return sealExistingJob(sealed, keys);
    default:
      throw new RangeError(`no job is called ${kind}`);
  }
}

/** The versions of the KEK before the latest rotation that is long enough ago. */
async function kekRetirement(
  { clock }: KeyKeeperOptions,
  jobs: JobStore,
  keepMs: number,
): Promise<JobName[]> {
  const before = clock.now().getTime() - keepMs;
  const versionsOf = (rows: readonly JobRow[], version: (row: JobRow) => unknown) =>
    Math.max(0, ...rows.map((row) => Number(version(row) ?? 0)));
  const old = (await jobs.finished('rotate-kek')).filter(
    ({ finishedAt }) => finishedAt !== null && finishedAt.getTime() <= before,
  );
  const rotated = versionsOf(old, ({ position }) => position['version']);
  const retired = versionsOf(await jobs.finished('retire-kek'), ({ subject }) => subject);
  if (rotated <= retired) return [];
  return [{ kind: 'retire-kek', store: '', subject: String(rotated) }];
}

/** @param begun stores whose job was left open: one that was killed at its end has none to drop */
async function retiredKeys(
  { stores }: KeyKeeperOptions,
  keepMs: number,
  begun: ReadonlySet<string>,
): Promise<KeyJob[]> {
  const found: KeyJob[] = [];
  for (const { keys, sealed } of stores) {
    if (sealed === undefined) continue;
    const longest = Math.max(keepMs, refreshedAfterMs(keys.limits));
    const before = new Date(keys.clock.now().getTime() - longest);
    const retired = await keys.dataKeyRotation.retiredBefore(before, 1);
    if (retired.length > 0 || begun.has(keys.store))
      found.push(dropRetiredJob(sealed, keys, keepMs));
  }
  return found;
}

/** Stores with plain values, or with rows that can be indexed by now. */
async function unsealedStores({ stores }: KeyKeeperOptions): Promise<JobName[]> {
  const found: JobName[] = [];
  for (const { keys, sealed } of stores) {
    if (sealed === undefined || sealedModels(sealed.fields).length === 0) continue;
    await keys.sealedState.refresh();
    const unindexed = await sealed.missing?.any();
    if (keys.sealedState.isSealed() && unindexed !== true) continue;
    found.push({ kind: 'seal-existing', store: keys.store, subject: '' });
  }
  return found;
}

async function wornKeys({ stores }: KeyKeeperOptions): Promise<JobName[]> {
  const found: JobName[] = [];
  for (const { keys, sealed } of stores) {
    if (sealed === undefined) continue;
    for (const subject of await keys.dataKeyRotation.wornOwners(wornAtOnce)) {
      found.push({ kind: 'rotate-data-key', store: keys.store, subject });
    }
  }
  return found;
}

/**
 * The KEK is due by its age, or because the key service made a version by itself (Vault's
 * auto_rotate_period, automatic rotation of AWS KMS) that our keys are not wrapped with yet.
 */
async function kekRotation(options: KeyKeeperOptions, jobs: JobStore): Promise<JobName[]> {
  const { stores, watch, clock } = options;
  const name = { kind: 'rotate-kek', store: '', subject: '' };
  const { version, kind } = await watch.call(async (service) => ({
    version: await service.currentVersion(),
    kind: service.kind,
  }));
  const [latest] = await jobs.finished('rotate-kek');
  // What the latest rotation could not wrap would make the next one due each time.
  const left = latest === undefined ? [] : idsOf(asideOf(latest));
  const old = stores.map(({ keys }) => keys.rotation.countWrappedBelow(version, left));
  if ((await Promise.all(old)).some((count) => count > 0)) {
    return [{ ...name, subject: 'made already' }];
  }
  // KMS counts what is rotated on demand, and allows it a few times in the life of a key.
  if (kind === 'aws-kms') return [];
  const last = latest?.finishedAt ?? (await firstKeyAt(options));
  const everyMs = options.rotateKekEveryMs ?? 90 * dayMs;
  const isDue = last !== undefined && clock.now().getTime() - last.getTime() >= everyMs;
  return isDue ? [name] : [];
}

async function firstKeyAt({ stores }: KeyKeeperOptions): Promise<Date | undefined> {
  const firsts = await Promise.all(stores.map(({ keys }) => keys.rotation.firstKeyAt()));
  const known = firsts.filter((at) => at !== undefined);
  return known.sort((a, b) => a.getTime() - b.getTime())[0];
}

/** One line for an operator: what it is, where it is, and what it waits for. */
export function describeJob(job: JobRow): string {
  const subject = [job.store, job.subject].filter((part) => part !== '').join(' ');
  const of = job.total === null ? '' : ` of ${job.total}`;
  const waits = job.notBefore == null ? '' : `, goes on after ${job.notBefore.toISOString()}`;
  const state = job.state === 'DONE' ? 'done' : `${job.phase.toLowerCase()}${waits}`;
  const left = readAside(job.position['left']).map(
    ({ place, id, code }) => `${place} ${id} (${code})`,
  );
  const leaves = left.length === 0 ? '' : `, left as they are: ${left.join(', ')}`;
  return `${job.kind}${subject === '' ? '' : ` ${subject}`}: ${state}, ${job.done}${of}${leaves}`;
}
