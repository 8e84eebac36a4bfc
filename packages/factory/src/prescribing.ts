import {
  addDays,
  checkPrescriptionItem,
  daysBetween,
  findPresentation,
  gestationalAge,
  type CivilDate,
} from '@caregraph/guideline';
import type { District } from './district.ts';
import { dayOf, idAt, instantOn } from './event-time.ts';
import type { Family, Person } from './family.ts';
import { allergiesOf, illnessVisitsOf, visitRandom, type Allergy } from './illness-care.ts';
import type { PrescriptionItem, PrescriptionSubject } from './operation-input.ts';
import { recordedPregnancyOf } from './pregnancy-record.ts';
import type { Random } from './random.ts';
import { antenatalRemedies, type Remedy } from './remedy.ts';
import type { StaffMember } from './staff.ts';

/** What becomes of a prescription; without a word it stays issued, or expires. */
export type Fate = 'DISPENSED' | 'PARTIALLY_DISPENSED' | 'CANCELLED' | 'LEFT';

export interface PlannedPrescription {
  readonly id: string;
  readonly person: Person;
  readonly prescriber: StaffMember;
  readonly at: string;
  readonly checkupId: string;
  readonly items: readonly PrescriptionItem[];
  readonly subject: PrescriptionSubject;
  readonly validUntil: CivilDate | undefined;
  readonly fate: Fate;
}

/** A visit that ends with a prescription. */
interface Occasion {
  readonly person: Person;
  readonly prescriber: StaffMember;
  readonly on: CivilDate;
  readonly checkupId: string;
  readonly remedies: readonly Remedy[];
  readonly subject: PrescriptionSubject;
  readonly chronic: boolean;
}

/** The prescriptions of a household, the same with each call; each passes the safety rules. */
export function prescriptionsOf(district: District, family: Family): PlannedPrescription[] {
  const random = district.random.fork(`prescriptions ${family.index}`);
  const records = district.random.fork(`records ${family.index}`);
  const allergies = allergiesOf(family, records);
  return [...illnessOccasions(district, family), ...antenatalOccasions(district, family)].flatMap(
    (occasion) => prescribe(district, occasion, allergies, random.fork(occasion.checkupId)),
  );
}

function illnessOccasions(district: District, family: Family): Occasion[] {
  const random = visitRandom(district, family);
  return illnessVisitsOf(district, family, random).map((visit) => {
    const { person, clinician: prescriber, on, checkupId, ageDays, vitals, chronic } = visit;
    const { weightKg = 60 } = vitals;
    const subject = { ageDays, weightKg, pregnant: false };
    const { remedies } = visit.illness;
    return { person, prescriber, on, checkupId, remedies, subject, chronic };
  });
}

/** Iron and calcium, prescribed after the latest visit to every second woman. */
function antenatalOccasions(district: District, family: Family): Occasion[] {
  const pregnancy = recordedPregnancyOf(district, family);
  const visit = pregnancy?.visits.at(-1);
  if (pregnancy === undefined || visit === undefined || pregnancy.birth !== undefined) return [];
  if (family.index % 2 === 1) return [];
  const { woman: person, lmp } = pregnancy;
  const { on, checkupId, vitals } = visit;
  const ageDays = daysBetween(person.birthDate, on);
  const { trimester } = gestationalAge(lmp, on);
  const subject = { ageDays, weightKg: vitals.weightKg ?? 60, pregnant: true, trimester };
  const remedies = antenatalRemedies;
  const prescriber = family.clinician;
  return [{ person, prescriber, on, checkupId, remedies, subject, chronic: true }];
}

function prescribe(
  { today }: District,
  occasion: Occasion,
  allergies: readonly Allergy[],
  random: Random,
): PlannedPrescription[] {
  const { person, prescriber, on, checkupId, remedies, subject, chronic } = occasion;
  const at = instantOn(on, random.int(610, 630));
  const groups = allergies.flatMap((one) => (one.person.id === person.id ? [one.group] : []));
  const items = remedies.flatMap((remedy) => {
    const item = itemOf(remedy, subject.weightKg, idAt(at, random));
    return isSafe(item, subject, groups, remedies) ? [item] : [];
  });
  if (items.length === 0) return [];
  const recent = daysBetween(on, today) < 25;
  const fate = fateOf(random, recent, chronic);
  // Only what is still valid when it is loaded can be cancelled, so it is given the longest time.
  const validUntil = fate === 'CANCELLED' ? addDays(on, 365) : undefined;
  const prescription = { person, prescriber, at, checkupId, items, subject, validUntil, fate };
  return [{ id: idAt(at, random), ...prescription }];
}

function itemOf(remedy: Remedy, weightKg: number, id: string): PrescriptionItem {
  const { medicineCode, doseUnit, dose, frequencyPerDay, durationDays, packs, instructions } =
    remedy;
  const units = typeof dose === 'number' ? dose : dose.perKg * weightKg;
  const doseQuantity = Math.max(0.5, Math.round(units * 2) / 2);
  const quantity = packs ?? Math.ceil(doseQuantity * frequencyPerDay * durationDays);
  const how = { frequencyPerDay, durationDays, quantity, instructions };
  return { id, medicineCode, doseQuantity, doseUnit, route: 'PO', ...how };
}

function isSafe(
  item: PrescriptionItem,
  subject: PrescriptionSubject,
  allergies: readonly string[],
  remedies: readonly Remedy[],
): boolean {
  const medicine = atcOf(item.medicineCode);
  const others = remedies.map(({ medicineCode }) => atcOf(medicineCode));
  const { errors } = checkPrescriptionItem({
    medicine,
    presentation: item.medicineCode,
    dose: { value: item.doseQuantity, unit: item.doseUnit },
    timesPerDay: item.frequencyPerDay,
    route: item.route,
    durationDays: item.durationDays,
    patient: subject,
    allergies,
    otherMedicines: others.filter((atc) => atc !== medicine),
  });
  return errors.length === 0;
}

function atcOf(medicineCode: string): string {
  const found = findPresentation(medicineCode);
  if (found === undefined) throw new RangeError('a medicine that the guideline does not have');
  return found.medicine.atc;
}

function fateOf(random: Random, recent: boolean, chronic: boolean): Fate {
  const drawn = random.next();
  if (drawn < 0.55) return 'DISPENSED';
  if (drawn < 0.65) return 'PARTIALLY_DISPENSED';
  // A prescription for months is taken back more often than one for days.
  if (recent && drawn < (chronic ? 0.78 : 0.72)) return 'CANCELLED';
  return 'LEFT';
}

/** When something is done about a prescription: on the same day, after it was issued. */
export function soonAfter({ at }: PlannedPrescription, random: Random): string {
  return instantOn(dayOf(at), random.int(635, 655));
}
