import { SealError } from '../seal-error.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { SealedStore } from '../walk/rewrite-rows.ts';
import { sealedByOther } from '../walk/stored-rows.ts';
import type { JobProgress, KeyJob } from './key-job.ts';
import { walkStep } from './walk-store.ts';

/**
 * The job that gives one owner another data key: makes it active, seals every value of theirs anew,
 * and drops the old keys once no process seals with them and no backup needs them.
 *
 * @param options.keepRetiredMs how long old keys stay, so that an older backup of the store opens
 */
export function rotateDataKeyJob(
  store: SealedStore,
  keys: StoreKeys,
  ownerId: string,
  options: { readonly keepRetiredMs: number },
): KeyJob {
  const { clock, dataKeyRotation } = keys;
  const walk = async (at: JobProgress) => {
    const active = await dataKeyRotation.activeKey(ownerId);
    if (active === undefined) return undefined;
    return walkStep(store, at, (entry) => sealedByOther(entry, ownerId, active.id));
  };
  const later = (ms: number) => new Date(clock.now().getTime() + ms);
  return {
    ...{ kind: 'rotate-data-key', store: keys.store, subject: ownerId },
    begin: async () => ({ phase: 'SWITCH', position: {}, done: 0, total: null }),
    async step(at) {
      switch (at.phase) {
        case 'SWITCH':
          await replaceKey(keys, ownerId);
          return { ...at, phase: 'RESEAL' };
        case 'RESEAL':
          // Until then some process may still seal with the key that it knows.
          return (
            (await walk(at)) ?? {
              ...{ ...at, phase: 'SWEEP', position: {} },
              notBefore: later(refreshedAfterMs(keys.limits)),
            }
          );
        case 'SWEEP':
          return (
            (await walk(at)) ?? {
              ...{ ...at, phase: 'DROP', position: {} },
              notBefore: later(options.keepRetiredMs),
            }
          );
        default:
          await dataKeyRotation.dropRetired(ownerId);
          return 'DONE';
      }
    },
  };
}

/** A repeated switch makes one key more, and the one before is retired with the others. */
async function replaceKey(keys: StoreKeys, ownerId: string): Promise<void> {
  const active = await keys.dataKeyRotation.activeKey(ownerId);
  if (active === undefined) {
    const place = { model: 'data_key', rowId: ownerId };
    throw new SealError('SEAL_KEY_UNKNOWN', place, 'nobody has such a key');
  }
  const { row } = await keys.newDataKey({ ownerId, institutionId: active.institutionId });
  await keys.dataKeyRotation.replaceActive(row, 0, keys.clock.now());
  keys.keyring.renew(ownerId);
}
