import { namedPolicies } from '@caregraph/access';
import type { RequestContext } from '@caregraph/subgraph';
import { createAccessRecordStore, createPatientStore } from './access-record/index.ts';
import { createAuditEventStore, createPatientAccessStore } from './audit-event/index.ts';
import type { StoreClient } from './client.ts';
import type { StoreAccess } from './store-access.ts';

export type Stores = ReturnType<typeof createStores>;

/** The stores of one request: they see what the actor's scope lets them see. */
export function createStores(db: StoreClient, { actor, scope, audit }: RequestContext) {
  const audits = actor.permissions.has('audit:read') && namedPolicies['audits-institution'](actor);
  const auditedInstitutionId = audits ? scope.institutionId : undefined;
  const access: StoreAccess = { db, scope, audit, auditedInstitutionId };
  const auditEvent = createAuditEventStore(access);
  const patient = createPatientStore(access);
  return {
    auditEvent,
    patientAccess: createPatientAccessStore(access),
    patient,
    accessRecord: createAccessRecordStore(access, patient, auditEvent.load),
  };
}
