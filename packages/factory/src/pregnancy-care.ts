import { addDays, ancSchedule, daysBetween, laterDate, type CivilDate } from '@caregraph/guideline';
import type { District } from './district.ts';
import { childrenOf, memberOf, type Family, type Person } from './family.ts';
import type { Vitals } from './operation-input.ts';
import type { Random } from './random.ts';
import { antenatalVitals } from './vitals.ts';

/** A contact with a pregnant woman. */
export interface AntenatalVisit {
  readonly on: CivilDate;
  readonly vitals: Vitals;
  /** What the worker saw, besides what follows from the vitals. */
  readonly dangerSigns: readonly string[];
  /** Undefined when she can stay at home. */
  readonly referral:
    { readonly urgency: 'URGENT' | 'EMERGENCY'; readonly reason: string } | undefined;
}

export interface PlannedPregnancy {
  readonly woman: Person;
  readonly lmp: CivilDate;
  readonly registeredOn: CivilDate;
  readonly gravida: number;
  readonly para: number;
  readonly riskFlags: readonly string[];
  readonly visits: readonly AntenatalVisit[];
  /** Days of the tetanus doses, the first one first. */
  readonly tetanusOn: readonly CivilDate[];
  /** The birth, when it is over, with the days of the visits after it. */
  readonly birth: { readonly on: CivilDate; readonly visitsOn: readonly CivilDate[] } | undefined;
}

/** What may be found at a visit, and where it leads. */
const complications = [
  {
    vitals: { systolicMmHg: 168, diastolicMmHg: 112 },
    dangerSigns: ['PREG_SEVERE_HEADACHE'],
    referral: { urgency: 'EMERGENCY', reason: 'Severe hypertension with headache' },
  },
  {
    vitals: { haemoglobinGdl: 6.4 },
    dangerSigns: ['PREG_SEVERE_PALLOR'],
    referral: { urgency: 'URGENT', reason: 'Severe anaemia' },
  },
  {
    vitals: {},
    dangerSigns: ['PREG_VAGINAL_BLEEDING'],
    referral: { urgency: 'EMERGENCY', reason: 'Vaginal bleeding in pregnancy' },
  },
  {
    vitals: {},
    dangerSigns: ['PREG_REDUCED_FETAL_MOVEMENT'],
    referral: { urgency: 'URGENT', reason: 'Reduced fetal movement' },
  },
] as const;

/**
 * The pregnancy of a household that was followed here: one that goes on, or one that ended in the
 * birth of the youngest child.
 */
export function pregnancyOf(
  district: District,
  family: Family,
  random: Random,
): PlannedPregnancy | undefined {
  const woman = memberOf(family, 'MOTHER');
  if (woman === undefined) return undefined;
  const children = childrenOf(family);
  if (woman.gestationDays !== undefined) {
    const lmp = addDays(district.today, -woman.gestationDays);
    return plan(district, { woman, lmp, children: children.length, birthOn: undefined }, random);
  }
  const youngest = children.at(-1);
  if (youngest === undefined) return undefined;
  const lmp = addDays(youngest.birthDate, -random.int(262, 284));
  // Known to the worker in time to be looked after.
  if (woman.registeredOn > addDays(lmp, 150)) return undefined;
  const birthOn = youngest.birthDate;
  return plan(district, { woman, lmp, children: children.length - 1, birthOn }, random);
}

function plan(
  { today }: District,
  known: { woman: Person; lmp: CivilDate; children: number; birthOn: CivilDate | undefined },
  random: Random,
): PlannedPregnancy {
  const { woman, lmp, children, birthOn } = known;
  const yesterday = addDays(today, -1);
  const registeredOn = laterDate(woman.registeredOn, addDays(lmp, random.int(28, 33)));
  const end = birthOn ?? today;
  const lost = random.chance(0.15) ? 1 : 0;
  const days = contactDays(random, lmp).filter((day) => day >= registeredOn && day < end);
  const firstDose = laterDate(registeredOn, addDays(lmp, random.int(86, 100)));
  const doses = [firstDose, addDays(firstDose, random.int(28, 40))];
  return {
    ...{ woman, lmp, registeredOn },
    gravida: children + 1 + lost,
    para: children,
    riskFlags: riskFlags(woman, children, lmp),
    visits: visitsOn(days, known, random),
    tetanusOn: random.chance(0.8) ? doses.filter((day) => day < end) : [],
    birth:
      birthOn === undefined
        ? undefined
        : { on: birthOn, visitsOn: visitsAfter(birthOn, yesterday) },
  };
}

/** Most contacts of the guideline take place, within a week of the day they are due. */
function contactDays(random: Random, lmp: CivilDate): CivilDate[] {
  return ancSchedule(lmp)
    .filter(() => random.chance(0.85))
    .map(({ due, until }) => {
      const day = addDays(due, random.int(-3, 5));
      return day > until ? until : day;
    });
}

function visitsOn(
  days: readonly CivilDate[],
  { woman, lmp, birthOn }: { woman: Person; lmp: CivilDate; birthOn: CivilDate | undefined },
  random: Random,
): AntenatalVisit[] {
  const late = days.findLastIndex((day) => daysBetween(lmp, day) >= 140);
  const complicated = birthOn === undefined && random.chance(0.4) ? late : -1;
  return days.map((on, index) => {
    const ageDays = daysBetween(woman.birthDate, on);
    const vitals = antenatalVitals(random, ageDays, daysBetween(lmp, on));
    if (index !== complicated) return { on, vitals, dangerSigns: [], referral: undefined };
    const found = random.pick(complications);
    return { ...found, on, vitals: { ...vitals, ...found.vitals } };
  });
}

function riskFlags(woman: Person, children: number, lmp: CivilDate): string[] {
  const ageYears = daysBetween(woman.birthDate, lmp) / 365.25;
  return [
    ...(ageYears < 18 ? ['AGE_UNDER_18'] : []),
    ...(ageYears >= 35 ? ['AGE_35_OR_ABOVE'] : []),
    ...(children >= 4 ? ['GRAND_MULTIPARA'] : []),
  ];
}

function visitsAfter(birth: CivilDate, last: CivilDate): CivilDate[] {
  return [3, 9, 40].map((days) => addDays(birth, days)).filter((day) => day <= last);
}
