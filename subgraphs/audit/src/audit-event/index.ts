export { auditEventConcept } from './audit-event.concept.ts';
export { auditEventHandlers } from './audit-event.events.ts';
export { breakGlassOf, staffIdOf } from './audit-event.service.ts';
export {
  createAuditEventStore,
  instantKey,
  type AuditEventRow,
  type AuditEventStore,
} from './audit-event.store.ts';
export { createPatientAccessStore } from './patient-access.store.ts';
