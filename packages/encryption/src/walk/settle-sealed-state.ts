import type { DatabasePool } from '@caregraph/database';
import type { SealedFields } from '../field-map.ts';
import type { StoreKeys } from '../store-keys.ts';
import { anyPlain, anyRow } from './stored-rows.ts';

/**
 * Says for good that a store is sealed, when no value of format version 0 is in it: a new store at
 * its first start, and an older one once its values were sealed.
 *
 * @returns whether it is sealed, so that plain bytes are refused from now on
 */
export async function settleSealedState(
  pool: DatabasePool,
  fields: SealedFields,
  { sealedState }: Pick<StoreKeys, 'sealedState'>,
  at: Date,
): Promise<boolean> {
  await sealedState.refresh();
  if (sealedState.isSealed()) return true;
  if (await anyRow(pool, fields, anyPlain)) return false;
  await sealedState.markSealed(at);
  return true;
}
