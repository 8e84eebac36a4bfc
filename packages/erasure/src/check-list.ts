import { earlierOf, type EarlierErasure, type Places } from './find-person.ts';
import { compareList, lackingError } from './require-list.ts';

export interface ListCheck {
  /** `done` is false also where a store that was restored, or its keys, have the person again. */
  readonly erasures: readonly EarlierErasure[];
  /** What a start would say of people whom stores or keys show as erased, and the list lacks. */
  readonly lacking: string | undefined;
}

/**
 * Looks at everything that a start looks at, and changes nothing.
 *
 * @param places.stores all stores of the deployment
 * @throws Error when the folder is not the list, or holds what is not to be believed
 * @example const { erasures, lacking } = await checkErasureList({ stores, list });
 */
export async function checkErasureList(places: Places): Promise<ListCheck> {
  const { entries, lacking } = await compareList(places.stores, places.list);
  const erasures: EarlierErasure[] = [];
  for (const entry of entries) erasures.push(await earlierOf(places, entry));
  return {
    erasures,
    lacking: lacking.length === 0 ? undefined : lackingError(places.list, lacking).message,
  };
}
