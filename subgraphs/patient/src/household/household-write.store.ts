import { firstFieldVersions, type FieldVersions, type OperationStamp } from '@caregraph/subgraph';
import type { Household } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import { districtOf, type PlacedPatient } from '../reach/index.ts';
import type { RegisterHousehold } from './household.input.ts';

/** Writes a new household, without members. */
export async function insertHousehold(
  tx: StoreTx,
  { id, areaId, label, address }: RegisterHousehold,
  {
    institutionId,
    fields,
    stamp,
  }: {
    institutionId: string;
    fields: readonly string[];
    stamp: OperationStamp;
  },
): Promise<Household> {
  const { authorId, recordedAt, receivedAt } = stamp;
  return tx.household.create({
    data: {
      ...{ id, areaId, institutionId, authorId, recordedAt, receivedAt },
      label: label ?? null,
      address: address ?? null,
      version: 1,
      fieldVersions: fieldVersionsJson(firstFieldVersions(fields, stamp)),
    },
  });
}

/** Writes what has changed of a locked household; a new area reaches its members by foreign key. */
export async function writeHousehold(
  tx: StoreTx,
  id: string,
  next: { version: number; fieldVersions: FieldVersions },
  values: {
    areaId?: string;
    headId?: string | null;
    label?: string | null;
    address?: string | null;
  },
): Promise<Household> {
  const { version } = next;
  const fieldVersions = fieldVersionsJson(next.fieldVersions);
  return tx.household.update({ where: { id }, data: { ...values, version, fieldVersions } });
}

/** Tells whether a person lives in a household. */
export async function isMember(
  tx: StoreTx,
  householdId: string,
  patientId: string,
): Promise<boolean> {
  return (await tx.patient.count({ where: { id: patientId, householdId } })) === 1;
}

/** Everyone who lives in a household, its head first: on whose records a write of it is. */
export async function memberIdsOf(tx: StoreTx, householdId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT member.id::text FROM patient member JOIN household home ON home.id = member.household_id
    WHERE home.id = ${householdId}::uuid
    ORDER BY (member.id = home.head_id) IS TRUE DESC, member.id`;
  return rows.map((row) => row.id);
}

/** Locks the members of a household, in the order in which everybody locks patients. */
export async function lockMembers(tx: StoreTx, householdId: string): Promise<void> {
  await tx.$queryRaw`
    SELECT 1 FROM patient WHERE household_id = ${householdId}::uuid ORDER BY id FOR UPDATE`;
}

/**
 * Indexes the members of a household that came to an area in the district that it lies in. The
 * database has moved them, but it has no key and cannot write their names' tokens.
 */
export async function indexMembersAt(
  tx: StoreTx,
  householdId: string,
  areaId: string,
): Promise<void> {
  const districtId = await districtOf(tx, areaId);
  const elsewhere = [{ districtId: null }, { districtId: { not: districtId } }];
  const members = await tx.patient.findMany({
    where: { householdId, OR: elsewhere },
    select: { id: true, name: true },
  });
  for (const { id, name } of members) {
    await tx.patient.update({ where: { id }, data: { districtId, name }, select: { id: true } });
  }
}

/** Counts the move of a household as a change of each of its members. */
export async function countMoveOfMembers(
  tx: StoreTx,
  householdId: string,
  { deviceId, deviceSequence }: OperationStamp,
): Promise<PlacedPatient[]> {
  return tx.$queryRaw`
    UPDATE patient SET version = version + 1,
      field_versions = field_versions || jsonb_build_object('place', jsonb_build_object(
        'version', version + 1, 'deviceId', ${deviceId}::text,
        'deviceSequence', ${deviceSequence}::int))
    WHERE household_id = ${householdId}::uuid
    RETURNING id::text, area_id::text AS "areaId", institution_id::text AS "institutionId",
      author_id::text AS "authorId", status, version`;
}
