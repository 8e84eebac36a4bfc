import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { sealedByOther } from '../walk/stored-rows.ts';
import type { JobProgress, KeyJob } from './key-job.ts';
import { walkStep } from './walk-store.ts';

/** Seals anew what an owner has that another key than the active one sealed. */
async function resealStep(
  store: SealedStore,
  keys: StoreKeys,
  ownerId: string,
  at: JobProgress,
): Promise<JobProgress | undefined> {
  const active = await keys.dataKeyRotation.activeKey(ownerId);
  if (active === undefined) return undefined;
  return walkStep(store, at, (entry) => sealedByOther(entry, ownerId, active.id));
}

/**
 * The job that gives one owner another data key: makes it active and seals every value of theirs
 * anew. The old key opens older backups of the store until `dropRetiredJob` removes it.
 */
export function rotateDataKeyJob(store: SealedStore, keys: StoreKeys, ownerId: string): KeyJob {
  return {
    ...{ kind: 'rotate-data-key', store: keys.store, subject: ownerId },
    begin: async () => ({ phase: 'SWITCH', position: {}, done: 0, total: null }),
    async step(at) {
      if (at.phase === 'SWITCH') {
        return (await replaceKey(keys, ownerId)) ? { ...at, phase: 'RESEAL' } : 'DONE';
      }
      const next = await resealStep(store, keys, ownerId, at);
      if (next !== undefined) return next;
      if (at.phase === 'SWEEP') return 'DONE';
      // Until then some process may still seal with the key that it knows.
      const notBefore = new Date(keys.clock.now().getTime() + refreshedAfterMs(keys.limits));
      return { ...at, phase: 'SWEEP', position: {}, notBefore };
    },
  };
}

const retiredAtOnce = 20;

/**
 * The job that removes data keys which were replaced long enough ago: no process seals with them, and
 * no backup of the store that is still kept needs them. What one of them should seal after all is
 * sealed anew before it goes.
 *
 * @param keepMs how long a replaced key stays, in milliseconds; never shorter than processes know it
 */
export function dropRetiredJob(store: SealedStore, keys: StoreKeys, keepMs: number): KeyJob {
  const { clock, dataKeyRotation, limits } = keys;
  const before = () => {
    const longest = Math.max(keepMs, refreshedAfterMs(limits));
    return new Date(clock.now().getTime() - longest);
  };
  return {
    ...{ kind: 'drop-retired', store: keys.store, subject: '' },
    begin: async () => ({ phase: 'DROP', position: {}, done: 0, total: null }),
    async step(at) {
      const retired = await dataKeyRotation.retiredBefore(before(), retiredAtOnce);
      if (retired.length === 0) return 'DONE';
      for (const { id, ownerId } of retired) {
        let walk: JobProgress | undefined = { ...at, position: {} };
        while (walk !== undefined) walk = await resealStep(store, keys, ownerId, walk);
        await dataKeyRotation.drop(id);
      }
      return { ...at, done: at.done + retired.length };
    },
  };
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
