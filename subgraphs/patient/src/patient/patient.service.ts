import type { ConflictRule } from '@caregraph/subgraph';
import { toCivilDay } from '../civil-day.ts';
import type { PatientStatus, UpdatePatient } from './patient.input.ts';
import type { Particulars, Place, Standing } from './patient.type.ts';

/**
 * Which value shows when two people changed the same field, until someone settles it. What a dose
 * or a schedule is worked out from does not change under those who rely on it; how to find the
 * person is best known to the one who was there last.
 */
export const patientConflictRules = {
  name: 'SERVER_SHOWS',
  sex: 'SERVER_SHOWS',
  birth: 'SERVER_SHOWS',
  address: 'DEVICE_SHOWS',
  phone: 'DEVICE_SHOWS',
  preferredLanguage: 'DEVICE_SHOWS',
  // Area and household are one field: half of one and half of another is a place where nobody lives.
  place: 'SERVER_SHOWS',
  // Status, day of death and surviving record are one field as well.
  standing: 'SERVER_SHOWS',
  // Nobody should be sent to visit someone who has died.
  death: 'DEVICE_SHOWS',
} as const satisfies Record<string, ConflictRule>;

/** The parts of a patient that are merged each by itself. */
export const patientFields = [
  'name',
  'sex',
  'birth',
  'address',
  'phone',
  'preferredLanguage',
  'place',
  'standing',
] as const;

/** The particulars of a stored patient, as they are merged. */
export function particularsOf(row: {
  readonly name: string;
  readonly sex: string;
  readonly birthDate: Date | null;
  readonly birthDateEstimated: boolean;
  readonly address: string | null;
  readonly phone: string | null;
  readonly preferredLanguage: string | null;
}): Particulars {
  const { sex, preferredLanguage } = row;
  const date = row.birthDate === null ? null : toCivilDay(row.birthDate);
  const birth = { date, estimated: row.birthDateEstimated };
  // Read when they are compared: one that does not open is in nobody's way who changes another.
  return {
    ...{ sex, birth, preferredLanguage },
    get name() {
      return row.name;
    },
    get address() {
      return row.address;
    },
    get phone() {
      return row.phone;
    },
  };
}

/** What an update changes; a date that is given without a word about it is an exact one. */
export function changesOf(input: UpdatePatient, current: Particulars): Partial<Particulars> {
  const { patientId: _patient, birthDate, birthDateEstimated, ...fields } = input;
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const changes: Partial<Particulars> = Object.fromEntries(given);
  if (birthDate === undefined && birthDateEstimated === undefined) return changes;
  const date = birthDate === undefined ? current.birth.date : birthDate;
  const before = birthDate === undefined && current.birth.estimated;
  const estimated = date !== null && (birthDateEstimated ?? before);
  return { ...changes, birth: { date, estimated } };
}

/** The standing of a stored patient, as it is merged. */
export function standingOf(row: {
  readonly status: string;
  readonly deceasedOn: Date | null;
  readonly mergedIntoId: string | null;
}): Standing {
  const { status, mergedIntoId } = row;
  return { status, mergedIntoId, deceasedOn: row.deceasedOn && toCivilDay(row.deceasedOn) };
}

/** Someone whose death is known does not come alive when their record is opened again. */
export function standingAs(
  current: Standing,
  status: PatientStatus,
  mergedIntoId: string | null,
): Standing {
  if (status !== 'ACTIVE') return { ...current, status, mergedIntoId };
  const deceasedOn = current.status === 'DECEASED' ? null : current.deceasedOn;
  return { status: deceasedOn === null ? 'ACTIVE' : 'DECEASED', deceasedOn, mergedIntoId: null };
}

/** The steps that changePatientStatus takes. Death is recorded with its day, by recordDeath. */
const statusSteps: Readonly<Record<PatientStatus, readonly PatientStatus[]>> = {
  ACTIVE: ['MOVED_AWAY', 'MERGED', 'ENTERED_IN_ERROR'],
  MOVED_AWAY: ['ACTIVE', 'MERGED', 'ENTERED_IN_ERROR'],
  // A death that was recorded of the wrong person is taken back.
  DECEASED: ['ACTIVE', 'MERGED', 'ENTERED_IN_ERROR'],
  MERGED: ['ACTIVE'],
  ENTERED_IN_ERROR: ['ACTIVE'],
};

/** Tells whether a patient's status may be changed so; staying as it is is no change. */
export function statusMayBecome(from: string, to: PatientStatus): boolean {
  if (from === to) return to !== 'DECEASED';
  return Object.hasOwn(statusSteps, from)
    ? statusSteps[from as PatientStatus].includes(to) // the table has the key, so it is a status
    : false;
}

/** The first of the named days that lies after today. */
export function dayInFuture(
  days: Readonly<Record<string, string | null | undefined>>,
  today: string,
): string | undefined {
  return Object.entries(days).find(([, day]) => day != null && day > today)?.[0];
}

/** Where a move leads: a household takes its members where it is; an area alone leaves it behind. */
export function destinationOf(
  current: Place,
  move: {
    readonly areaId?: string | null | undefined;
    readonly householdId?: string | null | undefined;
  },
  household: { readonly id: string; readonly areaId: string } | undefined,
): Place {
  if (household !== undefined) return { areaId: household.areaId, householdId: household.id };
  const areaId = move.areaId ?? current.areaId;
  const stays = move.householdId === undefined && areaId === current.areaId;
  return { areaId, householdId: stays ? current.householdId : null };
}
