import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import {
  createBatchLoader,
  createPageLoader,
  groupBy,
  patientsInScope,
  type PageLoader,
  type PageRequest,
} from '@caregraph/subgraph';
import type { AuditEvent, Prisma } from '../../generated/prisma/client.ts';
import type { StoreAccess } from '../store-access.ts';

export type AuditEventRow = AuditEvent;
export type AuditEventStore = ReturnType<typeof createAuditEventStore>;

/** What a list of events can be narrowed by; instants as RFC 3339 text. */
export interface AuditEventFilter {
  readonly patientId?: string | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly institutionId?: string | null | undefined;
  readonly action?: string | null | undefined;
  readonly purpose?: string | null | undefined;
  /** True: only what a break-glass grant opened; false: only what scope alone did. */
  readonly breakGlass?: boolean | null | undefined;
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
}

const newestFirst = [{ occurredAt: 'desc' as const }, { id: 'desc' as const }];

/** Events about patients in scope and, for an auditor, of the institution's own people. */
export function createAuditEventStore(access: StoreAccess) {
  const { db, audit } = access;
  const inSight = eventsInSight(access);
  const byId = createBatchLoader(async (ids) => {
    const found = await db.auditEvent.findMany({
      where: { AND: [{ id: { in: [...ids] } }, inSight] },
    });
    return new Map(found.map((event) => [event.id, event]));
  });
  const pagesOfStaff = new Map<string, PageLoader<AuditEventRow>>();

  async function ofActors(actorIds: readonly string[], span: Span, page: Page) {
    const ids = await listedIds(access, actorIds, span, page);
    const events = await Promise.all(ids.map(byId.load));
    const found = events.filter((event) => event !== undefined);
    return groupBy(actorIds, found, (event) => event.actorId);
  }

  return {
    load: byId.load,
    find: byId.find,
    async list(filter: AuditEventFilter, page: PageRequest): Promise<AuditEventRow[]> {
      const events = await db.auditEvent.findMany({
        where: { AND: [inSight, narrowed(filter), beyond(page)] },
        orderBy: newestFirst,
        take: page.limit,
      });
      if (filter.patientId && events.length > 0) audit.saw('AuditEvent', filter.patientId);
      return events;
    },
    /** What a staff member did at the audited institution. */
    ofStaff(staffId: string, span: Span, page: PageRequest): Promise<readonly AuditEventRow[]> {
      const key = JSON.stringify(span);
      const pages =
        pagesOfStaff.get(key) ?? createPageLoader((ids, one) => ofActors(ids, span, one));
      pagesOfStaff.set(key, pages);
      return pages.load(staffId, page);
    },
    clear() {
      byId.clear();
      pagesOfStaff.clear();
    },
  };
}

type Span = Pick<AuditEventFilter, 'from' | 'to'>;
type Page = Pick<PageRequest, 'limit' | 'after'>;

/** The row filter: it is part of every query of this store. */
function eventsInSight({ scope, auditedInstitutionId }: StoreAccess): Prisma.AuditEventWhereInput {
  const ofPatients = { accesses: { some: { patient: patientsInScope(scope) } } };
  if (auditedInstitutionId === undefined) return ofPatients;
  return { OR: [{ institutionId: auditedInstitutionId }, ofPatients] };
}

function narrowed(filter: AuditEventFilter): Prisma.AuditEventWhereInput {
  const { patientId, actorId, institutionId, action, purpose, breakGlass, from, to } = filter;
  return {
    ...(patientId ? { accesses: { some: { patientId } } } : {}),
    ...(actorId ? { actorId } : {}),
    ...(institutionId ? { institutionId } : {}),
    ...(action ? { action } : {}),
    ...(purpose ? { purpose } : {}),
    ...(breakGlass == null ? {} : { grantId: breakGlass ? { not: null } : null }),
    occurredAt: { ...(from ? { gte: from } : {}), ...(to ? { lt: to } : {}) },
  };
}

/** The sort key of lists that show the newest first: when it happened, and an id. */
export function instantKey({ after }: Page): { at: string; id: string } | undefined {
  if (after === undefined) return undefined;
  const [at = '', id = ''] = after;
  if (Number.isNaN(Date.parse(at)) || !isUuidV7(id)) throw new Fault('CURSOR_INVALID');
  return { at, id };
}

function beyond(page: Page): Prisma.AuditEventWhereInput {
  const key = instantKey(page);
  if (key === undefined) return {};
  const { at, id } = key;
  return { OR: [{ occurredAt: { lt: at } }, { occurredAt: at, id: { lt: id } }] };
}

async function listedIds(
  { db, auditedInstitutionId }: StoreAccess,
  actorIds: readonly string[],
  { from = null, to = null }: Span,
  page: Page,
): Promise<string[]> {
  if (auditedInstitutionId === undefined) return [];
  const key = instantKey(page);
  const rows = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT listed.id::text AS id FROM unnest($1::text[]) AS actor (id)
     CROSS JOIN LATERAL (
       SELECT event.id, event.occurred_at FROM audit_event AS event
       WHERE event.actor_id = actor.id AND event.institution_id = $2::uuid
         AND ($3::timestamptz IS NULL OR event.occurred_at >= $3::timestamptz)
         AND ($4::timestamptz IS NULL OR event.occurred_at < $4::timestamptz)
         AND ($5::timestamptz IS NULL
           OR (event.occurred_at, event.id) < ($5::timestamptz, $6::uuid))
       ORDER BY event.occurred_at DESC, event.id DESC LIMIT $7
     ) AS listed ORDER BY listed.occurred_at DESC, listed.id DESC`,
    actorIds,
    auditedInstitutionId,
    from,
    to,
    key?.at ?? null,
    key?.id ?? null,
    page.limit,
  );
  return rows.map((row) => row.id);
}
