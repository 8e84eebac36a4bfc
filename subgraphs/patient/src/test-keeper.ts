import { createIdSource, systemClock } from '@caregraph/clock';
import { createKeyKeeper, type KeyKeeper } from '@caregraph/encryption';
import { sealedFields } from '../generated/sealed-fields.ts';
import { createMissingDistricts, registeredAt } from './reach/index.ts';
import type { TestDistrict } from './test-district.ts';

/** The keeper of this store's keys, as a deployment runs it: with the keys of the subgraph, or its own. */
export function keeperOf(
  { graph: { pool, keys, ...graph } }: TestDistrict,
  sealing = graph.sealing,
): KeyKeeper {
  const ownersAmong = (ids: readonly string[]) => registeredAt(pool, ids);
  const missing = createMissingDistricts(pool);
  const sealed = { pool, fields: sealedFields, sealing, missing, ownersAmong };
  return createKeyKeeper({
    stores: [{ keys: sealing.keys, sealed }],
    ...{ keyPool: keys.keyPool, watch: keys.watch },
    ...{ clock: systemClock, ids: createIdSource(systemClock) },
  });
}
