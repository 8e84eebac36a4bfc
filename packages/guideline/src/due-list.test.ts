import { describe, expect, it } from 'vitest';
import { dueList } from './due-list.ts';
import type { DueListInput } from './due-list.ts';

const child: DueListInput = {
  patient: { birthDate: '2024-01-01' },
  immunizations: [],
  checkups: [],
  today: '2024-02-12',
};
const mother: DueListInput = {
  ...child,
  patient: { birthDate: '1998-05-01', sex: 'FEMALE' },
  pregnancy: { lmp: '2024-01-01' },
  today: '2024-05-20',
};
const of = (input: DueListInput, state: string): readonly string[] =>
  dueList(input)
    .filter((task) => task.state === state)
    .map(({ rule }) => rule);

describe('the due list', () => {
  it('has the doses of a child with their rule, sorted by date', () => {
    const tasks = dueList(child);
    expect(of(child, 'DUE')).toContain('IN-UIP-PENTA-1');
    expect(of(child, 'MISSED')).toEqual(['IN-UIP-HEPB-BIRTH', 'IN-UIP-OPV-0']);
    expect(tasks.map(({ due }) => due)).toEqual(tasks.map(({ due }) => due).sort());
    expect(tasks.find(({ rule }) => rule === 'IN-UIP-PENTA-1')).toMatchObject({
      due: '2024-02-12',
      kind: 'IMMUNIZATION',
      translations: { hi: 'पेंटावैलेंट टीका 1' },
    });
  });

  it('has the contacts, doses and delivery of a pregnancy', () => {
    const input = {
      ...mother,
      ancSchedule: 'IN-ANC-4',
      checkups: [{ date: '2024-03-20', visitType: 'ANC' }],
    };
    expect(of(input, 'DONE')).toEqual(['IN-ANC-4-1']);
    expect(of(input, 'DUE')).toContain('IN-ANC-4-2');
    expect(of(input, 'OVERDUE')).toEqual(['IN-UIP-TD-1-PREG']);
    expect(of(input, 'UPCOMING')).toEqual([
      'IN-UIP-TD-2-PREG',
      'IN-ANC-4-3',
      'IN-ANC-4-4',
      'EXPECTED-DELIVERY',
    ]);
    expect(of({ ...input, checkups: [] }, 'MISSED')).toEqual(['IN-ANC-4-1']);
    expect(of({ ...input, today: '2024-10-08' }, 'OVERDUE')).toContain('EXPECTED-DELIVERY');
  });

  it('has postnatal visits after the birth and nothing of the pregnancy', () => {
    const input = {
      ...mother,
      pregnancy: { lmp: '2024-01-01', endedOn: '2024-10-01' },
      postnatalSchedule: 'IN-HBNC',
      today: '2024-10-08',
      checkups: [{ date: '2024-10-04', visitType: 'PNC' }],
    };
    expect(of(input, 'DONE')).toEqual(['IN-HBNC-1']);
    expect(of(input, 'DUE')).toEqual(['IN-HBNC-2']);
    expect(dueList(input)).toHaveLength(6);
  });

  it('is empty for an adult without a pregnancy, and each rule stands once', () => {
    expect(dueList({ ...child, patient: { birthDate: '1990-01-01' } })).toEqual([]);
    const rules = dueList({ ...mother, patient: { birthDate: '2008-01-01', sex: 'FEMALE' } }).map(
      ({ rule }) => rule,
    );
    expect(new Set(rules).size).toBe(rules.length);
  });
});
