import { addDays, laterDate, type CivilDate } from '@caregraph/guideline';
import { createCardNumber } from '@caregraph/name-matching';
import type { District } from './district.ts';
import { idAt, instantOn, workingMinutes } from './event-time.ts';
import { planHousehold, type MemberPlan } from './family-plan.ts';
import { familyName, givenName, scriptOf, type Script } from './name-list.ts';
import type { NewIdentifier } from './operation-input.ts';
import type { Random } from './random.ts';
import { inventedPhone, type StaffMember } from './staff.ts';
import type { Village } from './territory.ts';

/** A person of a household, as their health worker registers them. */
export interface Person extends MemberPlan {
  readonly id: string;
  readonly name: string;
  readonly birthDate: CivilDate;
  readonly birthDateEstimated: boolean;
  readonly registeredOn: CivilDate;
  readonly registeredAt: string;
  readonly phone: string | undefined;
  readonly language: string;
  readonly card: NewIdentifier | undefined;
}

export interface Family {
  readonly id: string;
  readonly index: number;
  readonly village: Village;
  /** The health worker of the village. */
  readonly worker: StaffMember;
  /** The clinician of the block. */
  readonly clinician: StaffMember;
  readonly registeredOn: CivilDate;
  readonly registeredAt: string;
  readonly label: string;
  readonly address: string;
  /** Parents before children; the first one is the head. */
  readonly members: readonly Person[];
}

const languages = { LATIN: ['en', 'hi'], DEVANAGARI: ['hi'], ARABIC: ['ur'] } as const;
const lanes = ['Temple Lane', 'Well Lane', 'School Lane', 'Mango Lane', 'Mill Lane'] as const;
/** How long the oldest households have been registered. */
export const oldestRegistrationDays = 900;

/**
 * Creates one household of a district. The same index always gives the same household, whatever
 * was created before: nothing needs to be kept between two passes.
 *
 * @param index from 0
 */
export function createFamily(district: District, index: number): Family {
  const random = district.random.fork(`household ${index}`);
  const { villages } = district.territory;
  const village = villages[index % villages.length];
  const worker = district.staff.healthWorkers[index % villages.length];
  if (village === undefined || worker === undefined) throw new RangeError('no such village');
  const blockNumber = district.territory.blocks.indexOf(village.block);
  const clinician = district.staff.clinicians[blockNumber];
  if (clinician === undefined) throw new RangeError('no such block');
  const daysAgo = random.chance(0.3)
    ? random.int(25, 300)
    : random.int(300, oldestRegistrationDays);
  const registeredOn = addDays(district.today, -daysAgo);
  const minute = random.int(workingMinutes.from, workingMinutes.registrationUntil - 60);
  const registeredAt = instantOn(registeredOn, minute);
  const script = scriptOf(random);
  const surname = familyName(random, script);
  const house = Math.floor(index / villages.length) + 1;
  const plans = planHousehold(random, index);
  return {
    id: idAt(registeredAt, random),
    ...{ index, village, worker, clinician, registeredOn, registeredAt },
    label: `House ${house}`,
    address: `House ${house}, ${random.pick(lanes)}, ${village.name}`,
    members: plans.map((plan, position) =>
      createPerson(district, random, plan, {
        ...{ script, surname, registeredOn, minute: minute + position + 1 },
      }),
    ),
  };
}

function createPerson(
  { today }: District,
  random: Random,
  plan: MemberPlan,
  home: { script: Script; surname: string; registeredOn: CivilDate; minute: number },
): Person {
  const birthDate = addDays(today, -plan.ageDays);
  // Whoever is born later is registered some days after the birth.
  const registeredOn = laterDate(home.registeredOn, addDays(birthDate, random.int(1, 3)));
  const registeredAt = instantOn(registeredOn, home.minute);
  const adult = plan.ageDays > 18 * 365;
  const card = random.chance(0.85) ? cardOf(random, registeredAt) : undefined;
  return {
    ...plan,
    id: idAt(registeredAt, random),
    name: `${givenName(random, home.script, plan.sex)} ${home.surname}`,
    birthDate,
    // Older people often know the year only.
    birthDateEstimated: plan.ageDays > 45 * 365 && random.chance(0.6),
    ...{ registeredOn, registeredAt, card },
    phone: adult && random.chance(0.6) ? inventedPhone(random) : undefined,
    language: random.pick(languages[home.script]),
  };
}

function cardOf(random: Random, at: string): NewIdentifier {
  const bytes = new Uint8Array(8);
  random.fill(bytes);
  return { id: idAt(at, random), type: 'CARD', value: createCardNumber(bytes) };
}

/** The member of a household with a part in it, where there is one. */
export function memberOf(family: Family, part: MemberPlan['part']): Person | undefined {
  return family.members.find((one) => one.part === part);
}

export function childrenOf(family: Family): readonly Person[] {
  return family.members.filter(({ part }) => part === 'CHILD');
}
