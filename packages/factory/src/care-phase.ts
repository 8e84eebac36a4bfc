import { addDays, daysBetween, laterDate } from '@caregraph/guideline';
import type { District, Span } from './district.ts';
import { idAt, instantOn } from './event-time.ts';
import { childrenOf, createFamily, type Family, type Person } from './family.ts';
import { dosesOf } from './immunization-care.ts';
import { allergiesOf, illnessVisitsOf, visitRandom } from './illness-care.ts';
import type { DistrictOperation, MemberOf, SubgraphName } from './operation-input.ts';
import { followPregnancy } from './pregnancy-record.ts';
import type { Random } from './random.ts';
import type { Recorder } from './record-operation.ts';
import type { StaffMember } from './staff.ts';
import { childVitals } from './vitals.ts';

/** Everything that needs the person only: pregnancies, doses, visits, allergies. */
export function* carePhase(
  district: District,
  span: Span,
  recorder: Recorder,
): Generator<DistrictOperation> {
  for (let index = span.from; index < span.to; index += 1) {
    const family = createFamily(district, index);
    yield* followPregnancy(district, family, recorder);
    for (const child of childrenOf(family))
      yield* lookAfterChild(district, family, child, recorder);
    yield* seeTheIll(district, family, recorder);
    yield* completeRecords(district, family, recorder);
  }
}

function* lookAfterChild(
  district: District,
  family: Family,
  child: Person,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const random = district.random.fork(`child ${child.id}`);
  const { birthDate, id: patientId } = child;
  for (const dose of dosesOf(district, child, random)) {
    // What was given before the registration is taken over from the child's card.
    const day = laterDate(dose.givenOn, child.registeredOn);
    const at = instantOn(day, random.int(480, 600));
    const id = idAt(at, random);
    const batch = `${dose.vaccineCode}-${dose.givenOn.slice(2, 4)}${random.int(10, 99)}`;
    const recordImmunization = { id, patientId, ...dose, batch, birthDate };
    yield recorder.record('care', 'clinical', { by: family.worker, at, random }, {
      recordImmunization,
    }); // prettier-ignore
  }
  if (child.ageDays > 5 * 365 || child.ageDays < 30 || !random.chance(0.6)) return;
  const known = daysBetween(child.registeredOn, district.today);
  const on = addDays(district.today, -random.int(1, Math.min(known - 1, 20)));
  const at = instantOn(on, random.int(480, 600));
  const ageDays = daysBetween(birthDate, on);
  const vitals = childVitals(random, ageDays);
  const recordCheckup = {
    id: idAt(at, random),
    visitType: 'CHILD' as const,
    ...{ patientId, ageDays, vitals },
    notes: 'Growth check',
  };
  yield recorder.record('care', 'clinical', { by: family.worker, at, random }, { recordCheckup });
}

function* seeTheIll(
  district: District,
  family: Family,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const random = visitRandom(district, family);
  for (const visit of illnessVisitsOf(district, family, random)) {
    const { person, illness, clinician: by, on, at, checkupId, referralId } = visit;
    const { diseaseCode, certainty, notes } = illness;
    const { ageDays, vitals } = visit;
    const found = { ageDays, vitals, notes, diagnoses: [{ diseaseCode, certainty }] };
    const bits = random.fork(checkupId);
    const seen = { id: checkupId, patientId: person.id, visitType: 'GENERAL' as const };
    const recordCheckup = { ...seen, ...found };
    yield recorder.record('care', 'clinical', { by, at, random: bits }, { recordCheckup });
    if (referralId === undefined) continue;
    const whereto = { toInstitutionId: district.territory.hospital.id, checkupId };
    const why = { urgency: 'ROUTINE' as const, reason: `${notes}: for a specialist's opinion` };
    const referPatient = { id: referralId, patientId: person.id, ...whereto, ...why };
    const later = { by, at: instantOn(on, 605), random: bits };
    yield recorder.record('care', 'clinical', later, { referPatient });
  }
}

/** Allergies, hospital numbers and deaths: what is added to a record that is there. */
function* completeRecords(
  district: District,
  family: Family,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const random = district.random.fork(`records ${family.index}`);
  const write = <TSubgraph extends SubgraphName>(
    subgraph: TSubgraph,
    by: StaffMember,
    at: string,
    member: MemberOf<TSubgraph>,
  ) => recorder.record('care', subgraph, { by, at, random }, member);
  for (const { person, group, severity, reaction } of allergiesOf(family, random)) {
    const at = instantOn(person.registeredOn, 470);
    const stated = { patientId: person.id, substance: { group }, severity, reaction };
    yield write('prescription', family.clinician, at, {
      recordAllergy: { id: idAt(at, random), ...stated },
    });
  }
  for (const person of family.members) {
    if (!random.chance(0.08)) continue;
    const at = instantOn(person.registeredOn, 475);
    const system = `urn:oid:2.25.${district.territory.hospital.registryCode.slice(3)}`;
    const value = `T${String(family.index).padStart(6, '0')}${random.int(1_000, 9_999)}`;
    const identifier = { id: idAt(at, random), patientId: person.id, type: 'MRN', system, value };
    yield write('patient', family.clinician, at, {
      addIdentifier: { ...identifier, type: 'MRN' },
    });
  }
  yield* recordDeathOf(district, family, random, recorder);
}

/** Somebody old whom no clinician has seen lately may have died since. */
function* recordDeathOf(
  district: District,
  family: Family,
  random: Random,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const visits = illnessVisitsOf(district, family, visitRandom(district, family));
  const oldest = family.members.find(
    (one) => one.ageDays > 70 * 365 && !visits.some(({ person }) => person.id === one.id),
  );
  if (oldest === undefined || !random.chance(0.15)) return;
  const known = daysBetween(oldest.registeredOn, district.today);
  const deceasedOn = addDays(district.today, -random.int(1, Math.min(known - 1, 300)));
  const writing = { by: family.worker, at: instantOn(deceasedOn, 640), random };
  yield recorder.record('care', 'patient', writing, {
    recordDeath: { patientId: oldest.id, deceasedOn },
  });
}
