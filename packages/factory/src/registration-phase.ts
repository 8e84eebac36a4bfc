import type { District, Span } from './district.ts';
import { createFamily, memberOf, childrenOf, type Family, type Person } from './family.ts';
import { idAt, instantOn } from './event-time.ts';
import type { DistrictOperation, MemberOf } from './operation-input.ts';
import type { Recorder } from './record-operation.ts';

/** Households, their members and how they are related, by the health worker of the village. */
export function* registrationPhase(
  district: District,
  span: Span,
  recorder: Recorder,
): Generator<DistrictOperation> {
  for (let index = span.from; index < span.to; index += 1) {
    yield* registerFamily(district, createFamily(district, index), recorder);
  }
}

function* registerFamily(
  district: District,
  family: Family,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const random = district.random.fork(`registration ${family.index}`);
  const { id, worker, label, address, village, members } = family;
  const write = (at: string, member: MemberOf<'patient'>, baseVersion?: number) =>
    recorder.record(
      'registration',
      'patient',
      { by: worker, at, random, ...(baseVersion === undefined ? {} : { baseVersion }) },
      member,
    );
  yield write(family.registeredAt, {
    registerHousehold: { id, areaId: village.id, label, address },
  });
  for (const person of members) {
    yield write(person.registeredAt, { registerPatient: registrationOf(family, person) });
  }
  const head = members[0];
  if (head !== undefined) {
    const at = afterRegistration(head);
    yield write(at, { updateHousehold: { householdId: id, headId: head.id } }, 1);
  }
  for (const { from, to, kind } of relationsOf(family)) {
    const at = afterRegistration(from.registeredAt > to.registeredAt ? from : to);
    const ends = { fromPatientId: from.id, toPatientId: to.id };
    yield write(at, { relatePatients: { id: idAt(at, random), ...ends, kind } });
  }
}

/** Members are registered in the first half of the working day, one after the other. */
function afterRegistration({ registeredOn }: Person): string {
  return instantOn(registeredOn, 440);
}

function registrationOf({ id, village }: Family, person: Person) {
  const { phone, card } = person;
  return {
    id: person.id,
    name: person.name,
    sex: person.sex,
    birthDate: person.birthDate,
    birthDateEstimated: person.birthDateEstimated,
    preferredLanguage: person.language,
    areaId: village.id,
    householdId: id,
    ...(phone === undefined ? {} : { phone }),
    identifiers: card === undefined ? [] : [card],
  };
}

interface Relation {
  readonly from: Person;
  readonly to: Person;
  readonly kind: 'MOTHER' | 'FATHER' | 'SPOUSE';
}

function relationsOf(family: Family): Relation[] {
  const [mother, father] = [memberOf(family, 'MOTHER'), memberOf(family, 'FATHER')];
  const [grandmother, grandfather] = [
    memberOf(family, 'GRANDMOTHER'),
    memberOf(family, 'GRANDFATHER'),
  ];
  const relation = (from: Person | undefined, to: Person | undefined, kind: Relation['kind']) =>
    from === undefined || to === undefined ? [] : [{ from, to, kind }];
  return [
    ...relation(father, mother, 'SPOUSE'),
    ...relation(grandfather, grandmother, 'SPOUSE'),
    ...relation(grandmother, father, 'MOTHER'),
    ...relation(grandfather, father, 'FATHER'),
    ...childrenOf(family).flatMap((child) => relation(mother, child, 'MOTHER')),
  ];
}
