import { SealError } from '@caregraph/encryption';
import type { Subject } from './key-owners.ts';
import { rejected, type RefusedOutcome } from './operation.ts';

/**
 * Refuses an operation that names somebody who was erased: nothing of it is kept but its id and this
 * verdict.
 *
 * Threat: the key database is restored from a backup, so that it knows nothing of the erasure.
 * Defence: the store has a tombstone of its own, and either of the two is enough.
 *
 * @param erased ids that the key database or the store shows as erased
 * @returns undefined when none of them is named
 */
export function refuseErased(
  subjects: readonly Subject[],
  ...erased: readonly Iterable<string>[]
): RefusedOutcome | undefined {
  const gone = new Set(erased.flatMap((ids) => [...ids]));
  const named = subjects.find(({ id }) => gone.has(id));
  return named && rejected('ERASED', named.field);
}

/**
 * The refusal of an operation whose person was erased while it ran, so that nothing could be sealed.
 *
 * @returns undefined when something else went wrong
 */
export function refusalOfSeal(
  error: unknown,
  subjects: readonly Subject[],
): RefusedOutcome | undefined {
  if (!(error instanceof SealError) || error.code !== 'SEAL_OWNER_ERASED') return undefined;
  const named = subjects.find(({ id }) => id === error.place.rowId);
  return rejected('ERASED', named?.field);
}
