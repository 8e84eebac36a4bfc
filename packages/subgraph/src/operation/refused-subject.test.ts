import { expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { rejected, type Outcome } from './operation.ts';
import { withSubject } from './refused-subject.ts';

const ids = createIdSource(systemClock);
const [patientId, other] = [ids.next(), ids.next()];
const patientOf = (outcome: Outcome, payload: unknown) => withSubject(outcome, payload).patientId;

test('a write that is refused for its values is on the record that its input names', () => {
  expect(patientOf(rejected('VALUE_IMPOSSIBLE', 'vitals'), { patientId })).toBe(patientId);
  expect(patientOf(rejected('RECORDED_IN_FUTURE'), { patientId, more: 1 })).toBe(patientId);
});

test('what the operation says stands', () => {
  const outcome = { ...rejected('STATE_REFUSED'), patientId: other };
  expect(patientOf(outcome, { patientId })).toBe(other);
});

test.each(['NOT_FOUND', 'REFERENCE_NOT_FOUND', 'ERASED'] as const)(
  'a patient who is %s has no record to put it on',
  (code) => {
    expect(patientOf(rejected(code, 'patientId'), { patientId })).toBeUndefined();
    expect(patientOf(rejected(code, 'medicineCode'), { patientId })).toBe(patientId);
  },
);

test.each([null, undefined, 'x', {}, { patientId: 7 }, { patientId: 'Asha' }])(
  'the input %j names nobody',
  (payload) => {
    expect(patientOf(rejected('INPUT_INVALID'), payload)).toBeUndefined();
  },
);
