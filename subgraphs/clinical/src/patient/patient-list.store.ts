import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import {
  createPageLoader,
  factAuthor,
  groupBy,
  ownWhileProvisional,
  pageRequest,
  toConnection,
  type Connection,
  type PageLoader,
  type PageRequest,
} from '@caregraph/subgraph';
import type { StoreAccess } from '../stores.ts';
import type { PatientStore } from './patient.store.ts';

/** A list of a patient's records. The names are those of our own tables, never of a request. */
export interface PatientListing {
  /** Coordinate of the field, e.g. `Patient.checkups`. */
  readonly list: string;
  readonly table: string;
  readonly sortColumn: string;
  readonly descending: boolean;
  /** SQL over `record`, for rows that the list leaves out. */
  readonly shown?: string;
  /** The column that the list can be narrowed by. */
  readonly filterColumn?: string;
}

interface PatientRecord {
  readonly id: string;
  readonly patientId: string;
}

type PageArgs = Parameters<typeof pageRequest>[1];

/**
 * Creates a list of many patients' records. Whatever the number of patients, a page costs two
 * statements: which records, and the records. A cursor holds the id of a record only, because its
 * date is a fact about the patient; the sort key is looked up again.
 */
export function createPatientList<TRow extends PatientRecord>(options: {
  access: Pick<StoreAccess, 'db' | 'scope'>;
  patients: PatientStore;
  load: (id: string) => Promise<TRow | undefined>;
  listing: PatientListing;
}) {
  const { access, patients, load, listing } = options;
  const loaders = new Map<string, PageLoader<TRow>>();

  async function fetchPages(
    asked: readonly string[],
    page: Pick<PageRequest, 'limit' | 'after'>,
    filter: string | null,
  ): Promise<Map<string, TRow[]>> {
    const visible = await patients.visible(asked);
    if (visible.length === 0) return new Map();
    const ids = await listedIds(access, listing, visible, page, filter);
    const rows = await Promise.all(ids.map(load));
    return groupBy(
      visible,
      rows.filter((row) => row !== undefined),
      (row) => row.patientId,
    );
  }

  function loaderOf(filter: string | null): PageLoader<TRow> {
    const key = filter ?? '';
    const known = loaders.get(key);
    const loader = known ?? createPageLoader((ids, page) => fetchPages(ids, page, filter));
    loaders.set(key, loader);
    return loader;
  }

  /** A cursor is what a client sends: its record is looked up in scope, and is this patient's. */
  async function checkMark(patientId: string, after: PageRequest['after']): Promise<void> {
    if (after === undefined) return;
    const id = after[0] ?? '';
    const mark = isUuidV7(id) ? await load(id) : undefined;
    if (mark?.patientId !== patientId) throw new Fault('CURSOR_INVALID');
  }

  return {
    /** A page of one patient's records, or null for a patient who is out of scope. */
    async page(
      patientId: string,
      args: PageArgs,
      filter: string | null = null,
    ): Promise<Connection<TRow> | null> {
      if ((await patients.load(patientId)) === undefined) return null;
      const page = pageRequest(listing.list, args, [patientId, filter]);
      await checkMark(patientId, page.after);
      return toConnection(await loaderOf(filter).load(patientId, page), page, (row) => [row.id]);
    },
    clear: () => loaders.clear(),
  };
}

async function listedIds(
  { db, scope }: Pick<StoreAccess, 'db' | 'scope'>,
  listing: PatientListing,
  patientIds: readonly string[],
  page: Pick<PageRequest, 'limit' | 'after'>,
  filter: string | null,
): Promise<string[]> {
  const { table, sortColumn, filterColumn, shown } = listing;
  const [direction, beyond] = listing.descending ? ['DESC', '<'] : ['ASC', '>'];
  const conditions = [
    'record.patient_id = asked.id',
    `($2::uuid IS NULL OR (record.${sortColumn}, record.id) ${beyond}
       (SELECT mark.${sortColumn}, mark.id FROM ${table} AS mark
        WHERE mark.id = $2::uuid AND mark.patient_id = asked.id))`,
    ownWhileProvisional('record', '$4'),
    ...(shown === undefined ? [] : [shown]),
    ...(filterColumn === undefined ? [] : [`($5::text IS NULL OR record.${filterColumn} = $5)`]),
  ];
  const rows = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT listed.id::text AS id FROM unnest($1::uuid[]) AS asked (id)
     CROSS JOIN LATERAL (
       SELECT record.id FROM ${table} AS record WHERE ${conditions.join(' AND ')}
       ORDER BY record.${sortColumn} ${direction}, record.id ${direction} LIMIT $3
     ) AS listed`,
    patientIds,
    page.after?.[0] ?? null,
    page.limit,
    factAuthor(scope),
    ...(filterColumn === undefined ? [] : [filter]),
  );
  return rows.map((row) => row.id);
}
