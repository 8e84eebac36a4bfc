import {
  hasTombstone,
  holdOffWriters,
  inErasure,
  scrubEvents,
  writeTombstone,
  type StoreErasure,
} from '@caregraph/erasure';

/**
 * This store holds nothing of patients: areas, institutions, staff, devices and partners name none.
 * It says so with a tombstone all the same, so that every store answers for itself.
 */
export const institutionErasure: StoreErasure = {
  store: 'institution',
  knows: hasTombstone,
  erase: (pool, order) =>
    inErasure(pool, async (tx) => {
      await holdOffWriters(tx, [order.patientId]);
      const rows = await writeTombstone(tx, order, await scrubEvents(tx, order.patientId));
      return { kind: 'ERASED', rows, households: [] };
    }),
};
