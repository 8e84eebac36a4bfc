import { firstFieldVersions, type FieldVersions, type OperationStamp } from '@caregraph/subgraph';
import type { Patient } from '../../generated/prisma/client.ts';
import { toStoredDay } from '../civil-day.ts';
import type { StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import { districtOf } from '../reach/index.ts';
import type { RegisterPatient } from './patient.input.ts';
import type { Particulars, Place, Standing } from './patient.type.ts';

/** Writes a new patient, registered at the actor's institution. */
export async function insertPatient(
  tx: StoreTx,
  input: RegisterPatient,
  place: Place,
  registration: { institutionId: string; fields: readonly string[]; stamp: OperationStamp },
): Promise<Patient> {
  const { institutionId, fields, stamp } = registration;
  const deceased = input.deceased || input.deceasedOn != null;
  return tx.patient.create({
    data: {
      ...place,
      districtId: await districtOf(tx, place.areaId),
      id: input.id,
      name: input.name,
      address: input.address ?? null,
      phone: input.phone ?? null,
      sex: input.sex,
      birthDate: storedDay(input.birthDate),
      birthDateEstimated: input.birthDateEstimated,
      deceasedOn: storedDay(input.deceasedOn),
      preferredLanguage: input.preferredLanguage ?? null,
      status: deceased ? 'DECEASED' : 'ACTIVE',
      institutionId,
      version: 1,
      fieldVersions: fieldVersionsJson(firstFieldVersions(fields, stamp)),
      authorId: stamp.authorId,
      recordedAt: stamp.recordedAt,
      receivedAt: stamp.receivedAt,
    },
  });
}

type Change = Partial<Particulars> & { place?: Place; standing?: Standing };

/** A patient as a write finds them: locked, and open. */
type Before = Pick<Patient, 'id' | 'name' | 'areaId' | 'districtId'>;

/** Writes what has changed of a locked patient, under the next version. */
export async function writePatient(
  tx: StoreTx,
  before: Before,
  next: { version: number; fieldVersions: FieldVersions },
  change: Change,
): Promise<Patient> {
  const { birth, place, standing, ...particulars } = change;
  return tx.patient.update({
    where: { id: before.id },
    data: {
      ...particulars,
      ...(await indexedName(tx, before, change)),
      ...(birth && { birthDate: storedDay(birth.date), birthDateEstimated: birth.estimated }),
      ...place,
      ...(standing && { ...standing, deceasedOn: storedDay(standing.deceasedOn) }),
      version: next.version,
      fieldVersions: fieldVersionsJson(next.fieldVersions),
    },
  });
}

/** The name as its index needs it: with the district that it is found in, and anew in another one. */
async function indexedName(
  tx: StoreTx,
  before: Before,
  { name, place }: Change,
): Promise<{ name: string; districtId: string } | undefined> {
  const areaId = place?.areaId ?? before.areaId;
  if (name === undefined && areaId === before.areaId) return undefined;
  const districtId = await districtOf(tx, areaId);
  if (name === undefined && districtId === before.districtId) return undefined;
  return { name: name ?? before.name, districtId };
}

function storedDay(day: string | null | undefined): Date | null {
  return day == null ? null : toStoredDay(day);
}

/** The household that someone belongs to now, before anything is locked. */
export async function householdOf(tx: StoreTx, patientId: string): Promise<string | null> {
  const select = { householdId: true };
  const row = await tx.patient.findUnique({ where: { id: patientId }, select });
  return row?.householdId ?? null;
}

/** A household whose head leaves has none, until another is named. */
export async function stepDownAsHead(
  tx: StoreTx,
  patient: { readonly id: string; readonly householdId: string | null },
  { deviceId, deviceSequence }: OperationStamp,
): Promise<{ id: string; version: number; areaId: string }[]> {
  if (patient.householdId === null) return [];
  return tx.$queryRaw`
    UPDATE household SET head_id = NULL, version = version + 1,
      field_versions = field_versions || jsonb_build_object('headId', jsonb_build_object(
        'version', version + 1, 'deviceId', ${deviceId}::text,
        'deviceSequence', ${deviceSequence}::int))
    WHERE id = ${patient.householdId}::uuid AND head_id = ${patient.id}::uuid
    RETURNING id::text, version, area_id::text AS "areaId"`;
}
