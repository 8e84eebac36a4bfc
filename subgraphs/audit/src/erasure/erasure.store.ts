import {
  eraseReference,
  holdOffWriters,
  inErasure,
  knowsPatient,
  scrubEvents,
  writeTombstone,
  type StoreErasure,
} from '@caregraph/erasure';

/**
 * What the law requires stays: who did what to whose record, when, by which right and why. These
 * rows hold ids, codes, names of fields and types, and no word about the person; the tables refuse
 * every change in any case. Only where the person belongs goes. The institution that registered
 * them stays, because its auditors answer for what was done to the record.
 */
export const auditErasure: StoreErasure = {
  store: 'audit',
  knows: knowsPatient,
  erase: (pool, order) =>
    inErasure(pool, async (tx) => {
      await holdOffWriters(tx, [order.patientId]);
      const emptied = await eraseReference(tx, order.patientId, true);
      const scrubbed = await scrubEvents(tx, order.patientId);
      const rows = await writeTombstone(tx, order, emptied + scrubbed);
      return { kind: 'ERASED', rows, households: [] };
    }),
};
