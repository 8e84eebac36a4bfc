import {
  createBatchLoader,
  factAuthor,
  factsInScope,
  groupBy,
  ownWhileProvisional,
  type PageRequest,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';
import { facilityDay, toStoredDay } from '../facility-day.ts';
import { createFilteredPages } from '../filtered-pages.ts';
import { stateOn, type PrescriptionState } from './prescription.state.ts';

export const withItems = { items: { orderBy: { position: 'asc' } } } as const;

type PrescriptionRow = Prisma.PrescriptionGetPayload<{ include: typeof withItems }>;

/** A prescription as it is today: its state tells when its last day has passed. */
export type PrescriptionRecord = PrescriptionRow & { readonly state: PrescriptionState };
export type ItemRecord = PrescriptionRow['items'][number];

export interface PrescriptionFilter {
  readonly areaId?: string | null | undefined;
  readonly institutionId?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
}

type Page = Pick<PageRequest, 'limit' | 'after'>;

/** How many open prescriptions of a person are shown at once. */
const activeLimit = 50;

/** The prescriptions of the people in the actor's scope. What leaves it is audited. */
export function createPrescriptionStore(db: StoreClient, request: RequestContext) {
  const { scope, audit, clock } = request;
  const visible = factsInScope(scope);
  const today = facilityDay(clock.now());

  async function fetch(
    where: Prisma.PrescriptionWhereInput,
    order: 'asc' | 'desc' = 'desc',
    take?: number,
  ): Promise<PrescriptionRecord[]> {
    const rows = await db.prescription.findMany({
      where: { AND: [visible, where] },
      include: withItems,
      orderBy: { id: order },
      ...(take === undefined ? {} : { take }),
    });
    for (const { patientId } of rows) audit.saw('Prescription', patientId);
    // Not copied: one note that does not open must not take the whole list with it.
    return rows.map((row) => Object.assign(row, { state: stateOn(row, today) }));
  }

  const byId = createBatchLoader(async (ids) => {
    const found = await fetch({ id: { in: [...ids] } });
    return new Map(found.map((prescription) => [prescription.id, prescription]));
  });
  const pages = createFilteredPages<PrescriptionRecord, string | null>(
    async (patientIds, page, state) => {
      const ids = await chosenOf(
        { db, scope },
        patientIds,
        page,
        state === null ? null : [state],
        today,
      );
      return groupBy(patientIds, await fetch({ id: { in: ids } }), ({ patientId }) => patientId);
    },
  );
  const active = createBatchLoader(async (patientIds) => {
    const open = ['ISSUED', 'PARTIALLY_DISPENSED'];
    const page = { limit: activeLimit, after: undefined };
    const ids = await chosenOf({ db, scope }, patientIds, page, open, today);
    return groupBy(patientIds, await fetch({ id: { in: ids } }), ({ patientId }) => patientId);
  });
  const ofCheckups = createBatchLoader(async (checkupIds) => {
    const found = await fetch({ checkupId: { in: [...checkupIds] } }, 'asc');
    return groupBy(checkupIds, found, ({ checkupId }) => checkupId ?? '');
  });
  return {
    find: byId.find,
    list: (filter: PrescriptionFilter, page: PageRequest) =>
      fetch({ AND: conditions(filter, page, today) }, 'desc', page.limit),
    ofPatient: pages.load,
    activeOf: active.find,
    ofCheckup: ofCheckups.find,
    clear() {
      for (const loader of [byId, pages, active, ofCheckups]) loader.clear();
    },
  };
}

function conditions(
  { areaId, institutionId, state, from, to }: PrescriptionFilter,
  page: PageRequest,
  today: string,
): Prisma.PrescriptionWhereInput[] {
  const wanted: Prisma.PrescriptionWhereInput[] = [];
  if (areaId) wanted.push({ patient: { area: { ancestors: { has: areaId } } } });
  if (institutionId) wanted.push({ institutionId });
  if (state) wanted.push(inState(state, today));
  if (from) wanted.push({ recordedAt: { gte: from } });
  if (to) wanted.push({ recordedAt: { lt: to } });
  const last = page.after?.[0];
  if (last !== undefined) wanted.push({ id: { lt: last } });
  return wanted;
}

/** The same rule as stateOn, for the database. */
function inState(state: string, today: string): Prisma.PrescriptionWhereInput {
  const over = { validUntil: { lt: toStoredDay(today) } };
  const open = { state: { in: ['ISSUED', 'PARTIALLY_DISPENSED'] } };
  if (state === 'EXPIRED') return { OR: [{ state }, { AND: [open, over] }] };
  return { AND: [{ state }, { NOT: { AND: [open, over] } }] };
}

/** The newest prescriptions of each of many patients; who may see them is asked afterwards. */
async function chosenOf(
  { db, scope }: { readonly db: StoreClient } & Pick<RequestContext, 'scope'>,
  patientIds: readonly string[],
  page: Page,
  states: readonly string[] | null,
  today: string,
): Promise<string[]> {
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT found.id::text FROM unnest($1::uuid[]) AS patient (id)
     CROSS JOIN LATERAL (
       SELECT id FROM prescription WHERE patient_id = patient.id
         AND ${ownWhileProvisional('prescription', '$6')}
         AND ($2::uuid IS NULL OR id < $2::uuid)
         AND ($3::text[] IS NULL OR CASE WHEN state IN ('ISSUED', 'PARTIALLY_DISPENSED')
           AND valid_until < $4::date THEN 'EXPIRED' ELSE state END = ANY ($3::text[]))
       ORDER BY id DESC LIMIT $5
     ) AS found`,
    patientIds,
    page.after?.[0] ?? null,
    states,
    today,
    page.limit,
    factAuthor(scope),
  );
  return chosen.map((prescription) => prescription.id);
}
