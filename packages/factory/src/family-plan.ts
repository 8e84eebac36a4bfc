import type { Random } from './random.ts';

/** Who lives in a household, before they have names. */
export interface MemberPlan {
  readonly part: 'FATHER' | 'MOTHER' | 'CHILD' | 'GRANDMOTHER' | 'GRANDFATHER';
  readonly sex: 'FEMALE' | 'MALE';
  /** Age on the district's day. */
  readonly ageDays: number;
  /** Days since the last menstrual period of an ongoing pregnancy. */
  readonly gestationDays?: number;
}

const year = 365.25;
const years = (count: number) => Math.round(count * year);
/** Of the household's mother at a birth. */
const motherFromDays = years(17);
const motherUntilDays = years(42);
const leavesHomeDays = years(22);

/** Shares no divisor with a usual number of villages: every village has its pregnancies. */
const pregnancyPeriod = 25;

/**
 * Plans the people of a household. Three in twenty-five expect a child, one in each trimester,
 * beginning with the first three, so that also a small district has all of them.
 *
 * @param index number of the household
 */
export function planHousehold(random: Random, index: number): MemberPlan[] {
  const trimester = (index % pregnancyPeriod) + 1;
  const expecting = trimester <= 3;
  const motherDays = expecting ? years(random.decimal(19, 38, 1)) : motherAge(random);
  const mother = {
    part: 'MOTHER',
    sex: 'FEMALE',
    ageDays: motherDays,
    ...(expecting ? { gestationDays: gestation(random, trimester) } : {}),
  } as const;
  const fatherDays = motherDays + random.int(0, years(6));
  const alone = !expecting && random.chance(0.07);
  const father = { part: 'FATHER', sex: 'MALE', ageDays: fatherDays } as const;
  return [
    ...(alone ? [] : [father]),
    mother,
    ...(alone ? [] : grandparents(random, fatherDays)),
    ...children(random, motherDays, expecting),
  ];
}

function motherAge(random: Random): number {
  return years(random.chance(0.75) ? random.decimal(19, 40, 1) : random.decimal(40, 65, 1));
}

/** First trimester: before 14 weeks; second: before 28. */
function gestation(random: Random, trimester: number): number {
  if (trimester === 1) return random.int(5 * 7, 13 * 7);
  return trimester === 2 ? random.int(15 * 7, 27 * 7) : random.int(29 * 7, 39 * 7);
}

function children(random: Random, motherDays: number, expecting: boolean): MemberPlan[] {
  const wanted = random.pick([0, 1, 2, 2, 3, 3, 3, 4, 5]);
  // A woman who expects a child has had her last one at least a year and a half ago.
  const youngest = expecting ? random.int(years(1.6), years(5)) : random.int(5, years(9));
  const plans: MemberPlan[] = [];
  let ageDays = Math.max(youngest, motherDays - motherUntilDays);
  while (plans.length < wanted && motherDays - ageDays >= motherFromDays) {
    if (ageDays > leavesHomeDays) break;
    plans.push({ part: 'CHILD', sex: random.chance(0.5) ? 'FEMALE' : 'MALE', ageDays });
    ageDays += random.int(years(1.6), years(4));
  }
  // The oldest first, as a family names them.
  return plans.reverse();
}

function grandparents(random: Random, fatherDays: number): MemberPlan[] {
  const oldest = years(92);
  const herDays = fatherDays + random.int(years(17), years(32));
  const hisDays = herDays + random.int(0, years(6));
  const there = (ageDays: number, share: number) => ageDays < oldest && random.chance(share);
  return [
    ...(there(herDays, 0.4) ? [plan('GRANDMOTHER', 'FEMALE', herDays)] : []),
    ...(there(hisDays, 0.25) ? [plan('GRANDFATHER', 'MALE', hisDays)] : []),
  ];
}

function plan(part: MemberPlan['part'], sex: MemberPlan['sex'], ageDays: number): MemberPlan {
  return { part, sex, ageDays };
}
