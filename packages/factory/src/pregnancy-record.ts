import { addDays, daysBetween } from '@caregraph/guideline';
import type { District } from './district.ts';
import { idAt, instantOn } from './event-time.ts';
import type { Family } from './family.ts';
import type { DistrictOperation, MemberOf } from './operation-input.ts';
import { pregnancyOf, type AntenatalVisit, type PlannedPregnancy } from './pregnancy-care.ts';
import type { Random } from './random.ts';
import type { Recorder } from './record-operation.ts';
import { adultVitals } from './vitals.ts';

/** A visit as it is recorded, with the ids that others refer to. */
export interface RecordedVisit extends AntenatalVisit {
  readonly at: string;
  readonly checkupId: string;
  readonly referralId: string;
}

/** A pregnancy with the ids of its records. */
export interface RecordedPregnancy extends Omit<PlannedPregnancy, 'visits'> {
  readonly id: string;
  readonly registeredAt: string;
  readonly visits: readonly RecordedVisit[];
}

/** The pregnancy of a household, the same with each call. */
export function recordedPregnancyOf(
  district: District,
  family: Family,
): RecordedPregnancy | undefined {
  const random = district.random.fork(`pregnancy ${family.index}`);
  const planned = pregnancyOf(district, family, random);
  if (planned === undefined) return undefined;
  const registeredAt = instantOn(planned.registeredOn, random.int(480, 500));
  return {
    ...planned,
    registeredAt,
    id: idAt(registeredAt, random),
    visits: planned.visits.map((visit) => {
      const at = instantOn(visit.on, random.int(510, 600));
      return { ...visit, at, checkupId: idAt(at, random), referralId: idAt(later(at), random) };
    }),
  };
}

/** Some minutes later on the same day; visits end well before midnight. */
function later(at: string): string {
  return at.replace(':00.000Z', ':30.000Z');
}

/** The operations of a health worker who looks after a pregnancy. */
export function* followPregnancy(
  district: District,
  family: Family,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const pregnancy = recordedPregnancyOf(district, family);
  if (pregnancy === undefined) return;
  const random = district.random.fork(`pregnancy record ${family.index}`);
  const write = (at: string, member: MemberOf<'clinical'>) =>
    recorder.record('care', 'clinical', { by: family.worker, at, random }, member);
  const { id, woman, lmp, gravida, para, riskFlags, registeredAt } = pregnancy;
  const registerPregnancy = { id, patientId: woman.id, lmp, gravida, para, riskFlags };
  yield write(registeredAt, { registerPregnancy });
  for (const visit of pregnancy.visits) {
    for (const member of visitMembers(district, family, pregnancy, visit, random)) {
      yield write('referPatient' in member ? later(visit.at) : visit.at, member);
    }
  }
  for (const [index, givenOn] of pregnancy.tetanusOn.entries()) {
    const at = instantOn(givenOn, 605);
    const rule = `IN-UIP-TD-${index + 1}-PREG`;
    const dose = { rule, vaccineCode: 'TD', doseNumber: index + 1, givenOn, batch: 'TD-2231' };
    yield write(at, { recordImmunization: { id: idAt(at, random), patientId: woman.id, ...dose } });
  }
  yield* followBirth(pregnancy, random, write);
}

function* visitMembers(
  { territory }: District,
  family: Family,
  { id: pregnancyId, woman }: RecordedPregnancy,
  visit: RecordedVisit,
  random: Random,
): Generator<MemberOf<'clinical'>> {
  const { on, vitals, dangerSigns, referral, checkupId, referralId } = visit;
  const patientId = woman.id;
  const ageDays = daysBetween(woman.birthDate, on);
  const found = { ageDays, vitals, ...(dangerSigns.length === 0 ? {} : { dangerSigns }) };
  yield { recordCheckup: { id: checkupId, patientId, visitType: 'ANC', ...found, pregnancyId } };
  if (referral === undefined) return;
  const toInstitutionId = territory.hospital.id;
  yield { referPatient: { id: referralId, patientId, toInstitutionId, ...referral, checkupId } };
  const task = { id: idAt(visit.at, random), patientId, kind: 'REFERRAL_FOLLOW_UP' } as const;
  const note = 'Ask at home whether the hospital was reached';
  const assignedToId = family.worker.id;
  yield { createTask: { ...task, dueOn: addDays(on, 7), note, checkupId, assignedToId } };
}

function* followBirth(
  { birth, id: pregnancyId, woman }: RecordedPregnancy,
  random: Random,
  write: (at: string, member: MemberOf<'clinical'>) => DistrictOperation,
): Generator<DistrictOperation> {
  if (birth === undefined) return;
  const outcomeAt = instantOn(birth.on, 650);
  yield write(outcomeAt, {
    recordPregnancyOutcome: { pregnancyId, outcome: 'LIVE_BIRTH', outcomeOn: birth.on },
  });
  for (const on of birth.visitsOn) {
    const at = instantOn(on, random.int(510, 600));
    const ageDays = daysBetween(woman.birthDate, on);
    const visit = { id: idAt(at, random), patientId: woman.id, visitType: 'PNC' } as const;
    const vitals = adultVitals(random, ageDays);
    yield write(at, { recordCheckup: { ...visit, ageDays, vitals, pregnancyId } });
  }
}
