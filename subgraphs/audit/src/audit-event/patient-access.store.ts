import {
  createPageLoader,
  pageRequest,
  patientsInScope,
  toConnection,
  type Connection,
  type PageRequest,
} from '@caregraph/subgraph';
import type { AuditAccess, Prisma } from '../../generated/prisma/client.ts';
import type { StoreAccess } from '../store-access.ts';

export type PatientAccessRow = Pick<AuditAccess, 'patientId' | 'types'>;

/** Whose records events were about: patients in scope, and all that the institution's people saw. */
export function createPatientAccessStore(access: StoreAccess) {
  const pages = createPageLoader((eventIds, page) => accessesOf(access, eventIds, page));
  return {
    async page(
      eventId: string,
      args: Parameters<typeof pageRequest>[1],
    ): Promise<Connection<PatientAccessRow>> {
      const page = pageRequest('AuditEvent.accesses', args, eventId, ['uuid']);
      const rows = await pages.load(eventId, page);
      const connection = toConnection(rows, page, ({ patientId }) => [patientId]);
      for (const { node } of connection.edges) access.audit.saw('AuditEvent', node.patientId);
      return connection;
    },
    clear: () => pages.clear(),
  };
}

async function accessesOf(
  { db, scope, auditedInstitutionId }: StoreAccess,
  eventIds: readonly string[],
  { limit, after }: Pick<PageRequest, 'limit' | 'after'>,
): Promise<Map<string, PatientAccessRow[]>> {
  const ofPatients: Prisma.AuditAccessWhereInput = { patient: patientsInScope(scope) };
  const inSight =
    auditedInstitutionId === undefined
      ? ofPatients
      : { OR: [{ event: { institutionId: auditedInstitutionId } }, ofPatients] };
  const beyond = after?.[0] === undefined ? {} : { patientId: { gt: after[0] } };
  const events = await db.auditEvent.findMany({
    where: { id: { in: [...eventIds] } },
    select: {
      id: true,
      accesses: {
        where: { AND: [inSight, beyond] },
        select: { patientId: true, types: true },
        orderBy: { patientId: 'asc' },
        take: limit,
      },
    },
  });
  return new Map(events.map(({ id, accesses }) => [id, accesses]));
}
