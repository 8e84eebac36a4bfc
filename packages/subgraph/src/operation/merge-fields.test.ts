import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstFieldVersions, mergeFields, type FieldVersions } from './merge-fields.ts';

interface Values {
  readonly name: string;
  readonly phone: string | null;
}
interface Row {
  readonly version: number;
  readonly fieldVersions: FieldVersions;
  readonly values: Values;
}

const device = (name: string, deviceSequence: number, baseVersion: number) => ({
  deviceId: name,
  deviceSequence,
  baseVersion,
});
const fresh: Row = {
  version: 1,
  fieldVersions: firstFieldVersions(['name', 'phone'], device('a', 1, 0)),
  values: { name: 'one', phone: null },
};

function apply(
  row: Row,
  changes: Partial<Values>,
  stamp: ReturnType<typeof device>,
  rule: 'SERVER_SHOWS' | 'DEVICE_SHOWS' = 'SERVER_SHOWS',
) {
  const merge = mergeFields({ current: row, changes, stamp, ruleOf: () => rule });
  const { version, fieldVersions } = merge;
  return { merge, row: { version, fieldVersions, values: { ...row.values, ...merge.values } } };
}

test('a change on the version that is there applies', () => {
  const { merge, row } = apply(fresh, { name: 'two' }, device('b', 1, 1));
  expect(merge.verdict).toBe('APPLIED');
  expect(row.values.name).toBe('two');
});

test('changes to different fields on the same base merge', () => {
  const after = apply(fresh, { name: 'two' }, device('b', 1, 1)).row;
  const { merge, row } = apply(after, { phone: '1' }, device('c', 1, 1));
  expect(merge.verdict).toBe('MERGED');
  expect(row.values).toEqual({ name: 'two', phone: '1' });
});

test.each([
  ['SERVER_SHOWS', 'two', { field: 'name', shown: 'SERVER', kept: 'three' }],
  ['DEVICE_SHOWS', 'three', { field: 'name', shown: 'DEVICE', kept: 'two' }],
] as const)('a field changed on both sides conflicts; by %s %s shows', (rule, shown, conflict) => {
  const after = apply(fresh, { name: 'two' }, device('b', 1, 1)).row;
  const { merge, row } = apply(after, { name: 'three' }, device('c', 1, 1), rule);
  expect(merge.verdict).toBe('CONFLICT');
  expect(row.values.name).toBe(shown);
  expect(merge.conflicts).toEqual([conflict]);
});

test('a base version that never was counts as having seen nothing', () => {
  const after = apply(fresh, { name: 'two' }, device('b', 1, 1)).row;
  const { merge } = apply(after, { name: 'three' }, device('c', 1, 2_000_000_000));
  expect(merge.verdict).toBe('CONFLICT');
  expect(merge.conflicts).toMatchObject([{ kept: 'three' }]);
});

test('equal values never conflict', () => {
  const after = apply(fresh, { name: 'two' }, device('b', 1, 1)).row;
  expect(apply(after, { name: 'two' }, device('c', 1, 1)).merge.conflicts).toEqual([]);
});

test('a device never conflicts with its own earlier change, and does with its own later one', () => {
  const after = apply(fresh, { name: 'two' }, device('b', 5, 1)).row;
  expect(apply(after, { name: 'three' }, device('b', 6, 1)).merge.verdict).toBe('APPLIED');
  expect(apply(after, { name: 'three' }, device('b', 4, 1)).merge.verdict).toBe('CONFLICT');
});

test('nothing that anyone wrote is lost: every value shows, is kept, or was replaced knowingly', () => {
  const step = fc.record({
    who: fc.constantFrom('a', 'b', 'c'),
    field: fc.constantFrom<keyof Values>('name', 'phone'),
    value: fc.string({ maxLength: 3 }),
    behind: fc.nat({ max: 3 }),
    rule: fc.constantFrom<'SERVER_SHOWS' | 'DEVICE_SHOWS'>('SERVER_SHOWS', 'DEVICE_SHOWS'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let row = fresh;
      const counts: Record<string, number> = {};
      for (const { who, field, value, behind, rule } of steps) {
        const sequence = (counts[who] = (counts[who] ?? 1) + 1);
        const before = row.values[field];
        const stamp = device(who, sequence, Math.max(1, row.version - behind));
        const next = apply(row, { [field]: value }, stamp, rule);
        const shown = next.row.values[field];
        const kept = next.merge.conflicts.map((conflict) => conflict.kept);
        expect(next.row.version).toBe(row.version + 1);
        // What came is there or kept; what was there is there, kept, or was seen by who replaced it.
        expect(shown === value || kept.includes(value)).toBe(true);
        const last = row.fieldVersions[field];
        const knowingly =
          last === undefined || last.version <= stamp.baseVersion || last.deviceId === who;
        expect(shown === before || kept.includes(before) || knowingly).toBe(true);
        row = next.row;
      }
    }),
    { numRuns: 500 },
  );
});
