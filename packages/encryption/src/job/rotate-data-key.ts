import type { ModelFields } from '../field-map.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { sealedByOther } from '../walk/stored-rows.ts';
import type { JobLeft, JobName, JobProgress, KeyJob } from './key-job.ts';
import { asideOf, setAside } from './set-aside.ts';
import { walkStep, type WalkedTo } from './walk-store.ts';

/** Seals anew what an owner has that another key than the active one sealed. */
async function resealStep(
  { store, keys, job }: { store: SealedStore; keys: StoreKeys; job: JobName },
  ownerId: string,
  at: JobProgress,
): Promise<WalkedTo> {
  const active = await keys.dataKeyRotation.activeKey(ownerId);
  if (active === undefined) return { at, isOver: true };
  const filterOf = (entry: ModelFields) => sealedByOther(entry, ownerId, active.id);
  return walkStep({ store, job, filterOf }, at);
}

/**
 * The job that gives one owner another data key: makes it active and seals every value of theirs
 * anew. The old key opens older backups of the store until `dropRetiredJob` removes it.
 */
export function rotateDataKeyJob(store: SealedStore, keys: StoreKeys, ownerId: string): KeyJob {
  const job = { kind: 'rotate-data-key', store: keys.store, subject: ownerId };
  return {
    ...job,
    begin: async () => ({ phase: 'SWITCH', position: {}, done: 0, total: null }),
    async step(at) {
      if (at.phase === 'SWITCH') {
        return (await replaceKey(keys, ownerId)) ? { ...at, phase: 'RESEAL' } : 'DONE';
      }
      const { at: next, isOver } = await resealStep({ store, keys, job }, ownerId, at);
      if (!isOver) return next;
      if (at.phase === 'SWEEP') return { left: asideOf(next), next: 'DONE' };
      // Until then some process may still seal with the key that it knows.
      const notBefore = new Date(keys.clock.now().getTime() + refreshedAfterMs(keys.limits));
      return { ...next, phase: 'SWEEP', position: {}, notBefore };
    },
  };
}

const retiredAtOnce = 20;

/**
 * The job that removes data keys which were replaced long enough ago: no process seals with them, and
 * no backup of the store that is still kept needs them. What one of them should seal after all is
 * sealed anew before it goes; where that cannot be, the key stays.
 *
 * @param keepMs how long a replaced key stays, in milliseconds; never shorter than processes know it
 */
export function dropRetiredJob(store: SealedStore, keys: StoreKeys, keepMs: number): KeyJob {
  const { clock, dataKeyRotation, limits } = keys;
  const job = { kind: 'drop-retired', store: keys.store, subject: '' };
  const before = () => {
    const longest = Math.max(keepMs, refreshedAfterMs(limits));
    return new Date(clock.now().getTime() - longest);
  };
  const reseal = async (ownerId: string, at: JobProgress) => {
    let walked: WalkedTo = { at: { ...at, position: {} }, isOver: false };
    while (!walked.isOver) walked = await resealStep({ store, keys, job }, ownerId, walked.at);
    return asideOf(walked.at);
  };
  return {
    ...job,
    begin: async () => ({ phase: 'DROP', position: {}, done: 0, total: null }),
    async step(at) {
      const kept = at.position['kept']?.split(' ') ?? [];
      const retired = await dataKeyRotation.retiredBefore(before(), retiredAtOnce, kept);
      if (retired.length === 0) return over(at);
      let next = at;
      for (const { id, ownerId } of retired) {
        const left = await reseal(ownerId, at);
        if (left.length === 0) {
          await dataKeyRotation.drop(id);
          next = { ...next, done: next.done + 1 };
          continue;
        }
        kept.push(id);
        const position = { ...next.position, kept: kept.join(' ') };
        next = setAside({ ...next, position }, job, left);
      }
      return next;
    },
  };
}

function over(at: JobProgress): 'DONE' | JobLeft {
  const left = asideOf(at);
  return left.length === 0 ? 'DONE' : { left, next: { ...at, position: {} } };
}

/**
 * A repeated switch makes one key more, and the one before is retired with the others.
 *
 * @returns false when the owner has no key
 */
async function replaceKey(keys: StoreKeys, ownerId: string): Promise<boolean> {
  const active = await keys.dataKeyRotation.activeKey(ownerId);
  // Erased meanwhile, or never there: nothing is left to rotate.
  if (active === undefined) return false;
  const { row } = await keys.newDataKey({ ownerId, institutionId: active.institutionId });
  await keys.dataKeyRotation.replaceActive(row, 0, keys.clock.now());
  keys.keyring.renew(ownerId);
  return true;
}
