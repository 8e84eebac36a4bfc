import { pageRequest, toConnection } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { breakGlassOf, staffIdOf } from './audit-event.service.ts';
import type { AuditEventRow } from './audit-event.store.ts';

const newestFirst = (event: AuditEventRow) => [event.occurredAt.toISOString(), event.id];
const stub = (id: string | null | undefined) => (id == null ? null : { id });

export const auditEventResolvers: Resolvers = {
  Query: {
    auditEvent: (_root, { id }, { stores }) => stores.auditEvent.find(id),
    async auditEvents(_root, { first, after, ...filter }, { stores }) {
      const page = pageRequest('Query.auditEvents', { first, after: after ?? null }, filter);
      return toConnection(await stores.auditEvent.list(filter, page), page, newestFirst);
    },
  },
  AuditEvent: {
    __resolveReference: ({ id }, { stores }) => stores.auditEvent.find(id),
    actor: (event) => stub(staffIdOf(event)),
    institution: ({ institutionId }) => ({ id: institutionId }),
    device: ({ deviceId }) => stub(deviceId),
    breakGlass: breakGlassOf,
    accesses: ({ id }, args, { stores }) => stores.patientAccess.page(id, args),
  },
  PatientAccess: { patient: ({ patientId }) => ({ id: patientId }) },
  Staff: {
    __resolveReference: ({ id }) => ({ id }),
    async accesses({ id }, { from, to, ...args }, { stores }) {
      const page = pageRequest('Staff.accesses', args, [id, from, to]);
      const events = await stores.auditEvent.ofStaff(id, { from, to }, page);
      return toConnection(events, page, newestFirst);
    },
  },
};
