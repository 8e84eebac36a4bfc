import { addDays, daysBetween, laterDate, type CivilDate } from '@caregraph/guideline';
import type { District } from './district.ts';
import { idAt, instantOn } from './event-time.ts';
import type { Family, Person } from './family.ts';
import type { Vitals } from './operation-input.ts';
import type { Random } from './random.ts';
import { adultIllnesses, childIllnesses, chronicIllnesses, type Illness } from './remedy.ts';
import type { StaffMember } from './staff.ts';
import { adultVitals, childVitals } from './vitals.ts';

/** A visit to a clinician, with what was found. */
export interface IllnessVisit {
  readonly person: Person;
  readonly illness: Illness;
  readonly clinician: StaffMember;
  readonly on: CivilDate;
  readonly at: string;
  readonly checkupId: string;
  readonly ageDays: number;
  readonly vitals: Vitals;
  readonly chronic: boolean;
  /** The referral to the hospital, where the clinic sent the person on. */
  readonly referralId: string | undefined;
}

export interface Allergy {
  readonly person: Person;
  readonly group: 'penicillins' | 'nsaids' | 'sulfonamides';
  readonly severity: 'MILD' | 'MODERATE' | 'SEVERE';
  readonly reaction: string;
}

const adultFromDays = 18 * 365;
const childFromDays = 190;
const childUntilDays = 10 * 365;

/** The random stream of a household's visits: everyone who asks for them gets the same. */
export function visitRandom(district: District, family: Family): Random {
  return district.random.fork(`visits ${family.index}`);
}

/** The visits of a household's members to clinicians, of at most two a person. */
export function illnessVisitsOf(
  district: District,
  family: Family,
  random: Random,
): IllnessVisit[] {
  return family.members.flatMap((person) => {
    if (person.gestationDays !== undefined) return [];
    const own = random.fork(`illness ${person.id}`);
    const { ageDays } = person;
    if (ageDays > 35 * 365 && own.chance(0.2)) {
      const illness = own.pick(chronicIllnesses);
      return [2, 1].flatMap((turn) => visitOf(district, family, person, own, { illness, turn }));
    }
    if (ageDays > adultFromDays && own.chance(0.12)) {
      return visitOf(district, family, person, own, { illness: own.pick(adultIllnesses) });
    }
    if (ageDays < childUntilDays && own.chance(0.2)) {
      return visitOf(district, family, person, own, { illness: own.pick(childIllnesses) });
    }
    return [];
  });
}

/** A chronic illness is seen early on, and again in the last weeks; others some time. */
function visitOf(
  { today, staff }: District,
  family: Family,
  person: Person,
  random: Random,
  { illness, turn }: { illness: Illness; turn?: number },
): IllnessVisit[] {
  const known = daysBetween(person.registeredOn, today);
  const recent = turn === 1 || (turn === undefined && random.chance(0.45));
  const daysAgo = recent ? random.int(1, 24) : random.int(60, Math.max(60, known - 1));
  const on = addDays(today, -daysAgo);
  const ageDays = daysBetween(person.birthDate, on);
  const grown = person.ageDays > adultFromDays;
  if (on <= laterDate(person.registeredOn, addDays(person.birthDate, childFromDays))) return [];
  const at = instantOn(on, random.int(480, 600));
  const hospital = random.chance(0.2);
  const sentOn = grown && !hospital && random.chance(0.12);
  return [
    {
      ...{ person, illness, on, at, ageDays },
      clinician: hospital ? random.pick(staff.hospitalClinicians) : family.clinician,
      checkupId: idAt(at, random),
      vitals: (grown ? adultVitals : childVitals)(random, ageDays, illness),
      chronic: turn !== undefined,
      referralId: sentOn ? idAt(instantOn(on, 605), random) : undefined,
    },
  ];
}

/** The allergies that are known of a household's members. */
export function allergiesOf(family: Family, random: Random): Allergy[] {
  return family.members.flatMap((person): Allergy[] => {
    const own = random.fork(`allergy ${person.id}`);
    if (person.ageDays < 2 * 365 || !own.chance(0.03)) return [];
    return [
      {
        person,
        group: own.pick(['penicillins', 'nsaids', 'sulfonamides']),
        severity: own.pick(['MILD', 'MODERATE', 'SEVERE']),
        reaction: own.pick(['Itching rash', 'Swollen face', 'Short of breath']),
      },
    ];
  });
}
