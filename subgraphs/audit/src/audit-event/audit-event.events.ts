import type { EventHandlers } from '@caregraph/messaging';
import type { StoreTx } from '../client.ts';
import { insertAuditEvents } from './audit-event-write.store.ts';
import { accessesByPatient } from './audit-event.service.ts';

/**
 * Keeps every access that a subgraph tells of, this one included: who reads a history is in it.
 * Keeping one tells nobody, or reading the history once would never end.
 */
export const auditEventHandlers: EventHandlers<StoreTx> = {
  'org.caregraph.record.accessed.v1': (tx, events) =>
    insertAuditEvents(
      tx,
      events.map(({ id, data }) => ({ ...data, id, accesses: accessesByPatient(data.accesses) })),
    ),
};
