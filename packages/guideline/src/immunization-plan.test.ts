import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, daysBetween } from './civil-date.ts';
import { validateDose } from './immunization-dose.ts';
import type { GivenDose } from './immunization-history.ts';
import { immunizationPlan } from './immunization-plan.ts';
import type { PlannedDose } from './immunization-plan.ts';
import { findDose, findVaccine, immunizationSchedule } from './immunization-schedule.ts';
import { maternalImmunizationPlan } from './maternal-immunization.ts';

const born = '2024-01-01';
const onDay = (day: number): string => addDays(born, day);
const plan = (
  given: readonly (readonly [string, number, string?])[],
  day: number,
  schedule = 'IN-UIP',
) =>
  immunizationPlan(
    born,
    given.map(([vaccine, age, rule]) => ({
      vaccine,
      date: onDay(age),
      ...(rule === undefined ? {} : { rule }),
    })),
    schedule,
    onDay(day),
    { sex: 'FEMALE', areaTags: ['JE_ENDEMIC'] },
  );
const line = (result: ReturnType<typeof plan>, rule: string): PlannedDose | undefined =>
  result.doses.find((dose) => dose.rule === rule || dose.rule === `IN-UIP-${rule}`);

describe('the plan of a child', () => {
  it('has birth doses due on the day of birth', () => {
    const due = plan([], 0).doses.filter(({ state }) => state === 'DUE');
    expect(due.map(({ vaccine }) => vaccine).sort()).toEqual(['BCG', 'HEPB', 'OPV']);
  });

  it('lets birth doses expire without blocking the series', () => {
    const result = plan([], 42);
    expect(line(result, 'HEPB-BIRTH')?.state).toBe('EXPIRED');
    expect(line(result, 'OPV-0')?.state).toBe('EXPIRED');
    expect(line(result, 'OPV-1')).toMatchObject({ state: 'DUE', due: onDay(42) });
    expect(line(result, 'PENTA-2')).toMatchObject({ state: 'TOO_EARLY', earliest: onDay(70) });
    expect(line(plan([], 41), 'OPV-1')?.state).toBe('TOO_EARLY');
    expect(line(plan([], 42 + 28), 'OPV-1')?.state).toBe('DUE');
    expect(line(plan([], 42 + 29), 'OPV-1')?.state).toBe('OVERDUE');
  });

  it('moves later doses when an earlier one was late', () => {
    const result = plan([['PENTA', 100]], 110);
    expect(line(result, 'PENTA-1')).toMatchObject({ state: 'DONE', given: onDay(100) });
    expect(line(result, 'PENTA-2')).toMatchObject({
      state: 'TOO_EARLY',
      earliest: onDay(128),
      due: onDay(128),
    });
    expect(line(plan([['PENTA', 100]], 128), 'PENTA-2')?.state).toBe('DUE');
  });

  it('does not count a dose that was too early, and asks for it again with distance', () => {
    const result = plan([['MR', 260]], 280);
    expect(line(result, 'MR-1')).toMatchObject({ state: 'TOO_EARLY', earliest: onDay(288) });
    expect(result.uncounted).toMatchObject([
      { problem: { code: 'BELOW_MINIMUM_AGE', rule: 'IN-UIP-MR-1' } },
    ]);
    const close = plan([['PENTA', 60], ['PENTA', 75]], 80); // prettier-ignore
    expect(close.uncounted[0]?.problem.code).toBe('BELOW_MINIMUM_INTERVAL');
    expect(line(close, 'PENTA-2')).toMatchObject({ state: 'TOO_EARLY', earliest: onDay(103) });
  });

  it('reads unlabelled doses by date and labelled ones by label', () => {
    expect(line(plan([['OPV', 3]], 50), 'OPV-0')?.state).toBe('DONE');
    expect(line(plan([['OPV', 45]], 50), 'OPV-1')?.state).toBe('DONE');
    expect(line(plan([['PENTA', 80, 'IN-UIP-PENTA-2']], 90), 'PENTA-1')?.state).toBe('DONE');
    expect(line(plan([['OPV', 20, 'IN-UIP-OPV-0']], 50), 'OPV-0')?.state).toBe('DONE');
    expect(plan([['XYZ', 20]], 50).uncounted[0]?.problem.code).toBe('NOT_IN_SCHEDULE');
    expect(plan([['BCG', 60]], 50).uncounted[0]?.problem.code).toBe('IN_THE_FUTURE');
    expect(plan([['BCG', 1], ['BCG', 40]], 50).uncounted[0]?.problem.code).toBe('ALREADY_GIVEN'); // prettier-ignore
    expect(plan([['BCG', -4]], 50).uncounted[0]?.problem.code).toBe('BEFORE_BIRTH');
  });

  it('replaces a series that was never begun', () => {
    const late = plan([], 400);
    expect(line(late, 'PENTA-1')?.state).toBe('EXPIRED');
    expect(line(late, 'PENTA-2')?.state).toBe('EXPIRED');
    expect(line(late, 'DPT-1')?.state).not.toBe('EXPIRED');
    expect(line(late, 'DPT-B1')?.state).toBe('TOO_EARLY');
    expect(line(plan([], 300), 'DPT-1')).toBeUndefined();
    const begun = plan([['PENTA', 50]], 400);
    expect(line(begun, 'DPT-1')).toBeUndefined();
    expect(line(begun, 'PENTA-2')?.state).toBe('OVERDUE');
    const caughtUp = plan([['DTP', 400], ['DTP', 430], ['DTP', 460]], 650); // prettier-ignore
    expect(line(caughtUp, 'DPT-3')?.state).toBe('DONE');
    expect(line(caughtUp, 'DPT-B1')).toMatchObject({ state: 'DUE', due: onDay(640) });
  });

  it('keeps injected live vaccines apart unless given on one day', () => {
    expect(line(plan([['MR', 280]], 290), 'JE-1')).toMatchObject({
      state: 'TOO_EARLY',
      earliest: onDay(308),
    });
    expect(line(plan([['MR', 280]], 280), 'JE-1')?.state).toBe('DUE');
  });

  it('leaves out what is for other areas or another sex', () => {
    const rules = (options: object) =>
      immunizationPlan(born, [], 'WHO-EPI', onDay(4000), options).doses.map(({ rule }) => rule);
    expect(rules({})).not.toContain('WHO-EPI-HPV-1');
    expect(rules({ sex: 'FEMALE' })).toContain('WHO-EPI-HPV-1');
    expect(rules({})).not.toContain('WHO-EPI-YF');
    expect(rules({ areaTags: ['YELLOW_FEVER_ENDEMIC'] })).toContain('WHO-EPI-YF');
  });

  it('refuses a day before the birth and a schedule that does not exist', () => {
    expect(() => plan([], -1)).toThrow(RangeError);
    expect(() => plan([], 1, 'NONE')).toThrow(RangeError);
  });

  it('is complete when every dose is given on its due day', () => {
    for (const schedule of ['IN-UIP', 'WHO-EPI']) {
      const given: GivenDose[] = [];
      for (let day = 0; day < 6000; day += 1) {
        const today = onDay(day);
        const options = {
          sex: 'FEMALE' as const,
          areaTags: ['JE_ENDEMIC', 'YELLOW_FEVER_ENDEMIC'],
        };
        if (
          !immunizationSchedule(schedule).doses.some((dose) => Math.abs(dose.dueAgeDays - day) < 2)
        )
          continue;
        for (const dose of immunizationPlan(born, given, schedule, today, options).doses) {
          if (dose.state === 'DUE') given.push({ vaccine: dose.vaccine, date: today });
        }
      }
      const end = immunizationPlan(born, given, schedule, onDay(6000), {
        sex: 'FEMALE',
        areaTags: ['JE_ENDEMIC', 'YELLOW_FEVER_ENDEMIC'],
      });
      expect(end.doses.filter(({ state }) => state !== 'DONE')).toEqual([]);
      expect(end.uncounted).toEqual([]);
    }
  });

  const vaccine = fc.constantFrom(
    'BCG',
    'OPV',
    'PENTA',
    'ROTA',
    'IPV',
    'PCV',
    'MR',
    'JE',
    'DTP',
    'VITA',
    'TD',
  );
  const history = fc.array(fc.tuple(vaccine, fc.integer({ min: -5, max: 3000 })), {
    maxLength: 25,
  });

  it('never proposes a day below age, interval or distance, and never loses a dose', () => {
    fc.assert(
      fc.property(
        history,
        fc.integer({ min: 0, max: 3000 }),
        fc.constantFrom('IN-UIP', 'WHO-EPI'),
        (rows, day, schedule) => {
          const given = rows.map(([code, age]) => ({ vaccine: code, date: onDay(age) }));
          const result = plan(rows, day, schedule);
          const done = result.doses.filter(({ state }) => state === 'DONE');
          expect(done.length + result.uncounted.length).toBe(given.length);
          for (const dose of result.doses) {
            const rule = findDose(dose.rule);
            if (rule === undefined) throw new Error('unknown rule');
            const at = dose.given ?? dose.due;
            expect(daysBetween(born, at)).toBeGreaterThanOrEqual(rule.earliestAgeDays);
            const before = result.doses.find(
              (one) => rule.after?.includes(one.rule) === true && one.given !== undefined,
            );
            if (before?.given !== undefined && dose.state !== 'EXPIRED') {
              expect(daysBetween(before.given, at)).toBeGreaterThanOrEqual(
                rule.minIntervalDays ?? 0,
              );
            }
            if (dose.state === 'DUE' || dose.state === 'OVERDUE') {
              expect(dose.earliest <= onDay(day) && onDay(day) <= dose.latest).toBe(true);
              if (findVaccine(dose.vaccine)?.liveInjected === true) {
                const near = given.filter(
                  (one) =>
                    findVaccine(one.vaccine)?.liveInjected === true &&
                    one.date < onDay(day) &&
                    daysBetween(one.date, onDay(day)) < 28,
                );
                expect(near).toEqual([]);
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('agrees with the check of a single dose', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 3000 }), (rows, day) => {
        const given = rows.map(([code, age]) => ({ vaccine: code, date: onDay(age) }));
        for (const dose of plan(rows, day).doses) {
          if (dose.state !== 'DUE' && dose.state !== 'OVERDUE') continue;
          const verdict = validateDose({
            birthDate: born,
            given,
            schedule: 'IN-UIP',
            rule: dose.rule,
            vaccine: dose.vaccine,
            date: onDay(day),
            today: onDay(day),
          });
          expect(verdict).toEqual({ valid: true, problems: [] });
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('one dose', () => {
  const check = (
    rule: string,
    vaccineCode: string,
    day: number,
    given: GivenDose[] = [],
    today = day,
  ) =>
    validateDose({
      birthDate: born,
      given,
      rule,
      vaccine: vaccineCode,
      date: onDay(day),
      today: onDay(today),
    }).problems;

  it('is refused with every reason', () => {
    expect(check('IN-UIP-OPV-1', 'OPV', 42)).toEqual([]);
    expect(check('IN-UIP-OPV-1', 'OPV', 31)).toEqual([
      { code: 'BELOW_MINIMUM_AGE', rule: 'IN-UIP-OPV-1', earliest: onDay(42) },
    ]);
    expect(check('IN-UIP-OPV-2', 'OPV', 80)[0]?.code).toBe('PREVIOUS_DOSE_MISSING');
    expect(check('IN-UIP-OPV-2', 'OPV', 80, [{ vaccine: 'OPV', date: onDay(60) }])).toEqual([
      { code: 'BELOW_MINIMUM_INTERVAL', rule: 'IN-UIP-OPV-2', earliest: onDay(88) },
    ]);
    expect(check('IN-UIP-BCG', 'BCG', 366)[0]?.code).toBe('ABOVE_MAXIMUM_AGE');
    expect(check('IN-UIP-BCG', 'OPV', 3)[0]?.code).toBe('WRONG_VACCINE');
    expect(check('IN-UIP-BCG', 'BCG', 3, [{ vaccine: 'BCG', date: onDay(1) }])[0]?.code).toBe(
      'ALREADY_GIVEN',
    );
    expect(check('IN-UIP-BCG', 'BCG', 3, [], 2)[0]?.code).toBe('IN_THE_FUTURE');
    expect(check('IN-UIP-BCG', 'BCG', -1)[0]?.code).toBe('BEFORE_BIRTH');
    expect(check('NONE', 'BCG', 3)[0]?.code).toBe('NOT_IN_SCHEDULE');
    expect(check('IN-UIP-JE-1', 'JE', 290, [{ vaccine: 'MR', date: onDay(280) }])).toEqual([
      { code: 'LIVE_VACCINE_INTERVAL', rule: 'IN-UIP-JE-1', earliest: onDay(308) },
    ]);
  });
});

describe('tetanus doses of a pregnancy', () => {
  const lmp = '2024-01-01';
  const states = (given: readonly string[], today: string) =>
    maternalImmunizationPlan(lmp, given.map((date) => ({ vaccine: 'TD', date })), 'IN-UIP', today).map(({ rule, state }) => `${rule} ${state}`); // prettier-ignore

  it('are two, four weeks apart', () => {
    expect(states([], '2024-04-01')).toEqual([
      'IN-UIP-TD-1-PREG DUE',
      'IN-UIP-TD-2-PREG TOO_EARLY',
    ]);
    expect(states(['2024-04-01'], '2024-04-20')).toEqual([
      'IN-UIP-TD-1-PREG DONE',
      'IN-UIP-TD-2-PREG TOO_EARLY',
    ]);
    expect(states(['2024-04-01', '2024-04-20'], '2024-04-29')).toEqual([
      'IN-UIP-TD-1-PREG DONE',
      'IN-UIP-TD-2-PREG DUE',
    ]);
    expect(states(['2024-04-01', '2024-04-29'], '2024-06-01')).toEqual([
      'IN-UIP-TD-1-PREG DONE',
      'IN-UIP-TD-2-PREG DONE',
    ]);
    expect(states([], '2024-09-20')[0]).toBe('IN-UIP-TD-1-PREG OVERDUE');
  });

  it('are one booster when two were given within three years', () => {
    expect(states(['2022-02-01', '2022-03-10'], '2024-04-01')).toEqual([
      'IN-UIP-TD-BOOSTER-PREG DUE',
    ]);
    expect(states(['2019-02-01', '2019-03-10'], '2024-04-01')).toHaveLength(2);
  });
});
