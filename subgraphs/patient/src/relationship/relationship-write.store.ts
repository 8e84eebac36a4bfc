import type { Scope } from '@caregraph/access';
import {
  readFieldVersions,
  firstFieldVersions,
  patientsInScope,
  type OperationStamp,
} from '@caregraph/subgraph';
import type { Relationship } from '../../generated/prisma/client.ts';
import { toStoredDay } from '../civil-day.ts';
import type { StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import type { RelatePatients } from './relationship.input.ts';

const lineLocks = { DESCENT: 1, GUARDIANSHIP: 2 } as const;
/** Any constant: it keeps these locks apart from those of others in the same database. */
const lockFamily = 7_301;

/**
 * Tells whether `above` already stands below `below`, so that relating them would close a ring.
 * Relations of one line are written one after the other: two that are each harmless may close a
 * ring together, and neither transaction would see the other's.
 */
export async function closesRing(
  tx: StoreTx,
  { line, above, below }: { line: keyof typeof lineLocks; above: string; below: string },
): Promise<boolean> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockFamily}::int, ${lineLocks[line]}::int)`;
  const upward = line === 'DESCENT' ? ['MOTHER', 'FATHER'] : ['GUARDIAN'];
  const downward = line === 'DESCENT' ? ['CHILD'] : [];
  const found = await tx.$queryRaw<unknown[]>`
    WITH RECURSIVE over AS (
      SELECT ${above}::uuid AS id
      UNION
      SELECT CASE WHEN relation.kind = ANY(${upward}) THEN relation.from_patient_id
        ELSE relation.to_patient_id END
      FROM over JOIN relationship AS relation ON relation.status = 'ACTIVE' AND (
        (relation.to_patient_id = over.id AND relation.kind = ANY(${upward})) OR
        (relation.from_patient_id = over.id AND relation.kind = ANY(${downward})))
    ) SELECT 1 FROM over WHERE id = ${below}::uuid`;
  return found.length > 0;
}

export async function insertRelationship(
  tx: StoreTx,
  { id, fromPatientId, toPatientId, kind }: RelatePatients,
  stamp: OperationStamp,
): Promise<void> {
  const { authorId, recordedAt, receivedAt } = stamp;
  await tx.relationship.create({
    data: {
      ...{ id, fromPatientId, toPatientId, kind, authorId, recordedAt, receivedAt },
      status: 'ACTIVE',
      version: 1,
      fieldVersions: fieldVersionsJson(firstFieldVersions(['status'], stamp)),
    },
  });
}

/** A relationship for a change, locked, and whether the actor reaches one of its people. */
export async function lockRelationship(tx: StoreTx, scope: Scope, id: string) {
  const found = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM relationship WHERE id = ${id}::uuid FOR UPDATE`;
  if (found.length === 0) return undefined;
  const include = { from: { select: { areaId: true } } };
  const row = await tx.relationship.findUniqueOrThrow({ where: { id }, include });
  const inScope = patientsInScope(scope);
  const seen = { AND: [{ id }, { OR: [{ from: inScope }, { to: inScope }] }] };
  return { row, reached: (await tx.relationship.count({ where: seen })) === 1 };
}

/** Ends a locked relationship, and gives its new version. */
export async function writeEnd(
  tx: StoreTx,
  { id, version, fieldVersions }: Relationship,
  end: { status: string; endedOn: string | null },
  { deviceId, deviceSequence }: OperationStamp,
): Promise<number> {
  const next = version + 1;
  const mark = { version: next, deviceId, deviceSequence };
  await tx.relationship.update({
    where: { id },
    data: {
      status: end.status,
      endedOn: end.endedOn === null ? null : toStoredDay(end.endedOn),
      version: next,
      fieldVersions: fieldVersionsJson({ ...readFieldVersions(fieldVersions), status: mark }),
    },
  });
  return next;
}
