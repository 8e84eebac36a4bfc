import { expect, test } from 'vitest';
import { createPasswordRules } from './password-rules.ts';

const rules = createPasswordRules();
const known = ['asha.verma', 'Asha Verma', 'Rampur District Hospital'];

test.each([
  ['elevenchars', 'too_short'],
  // Eleven code points, although they are 22 code units.
  ['🌍'.repeat(11), 'too_short'],
  ['a1'.repeat(65), 'too_long'],
  ['password1234', 'common'],
  ['P@ssw0rdP@ssw0rd', 'common'],
  ['qwertyuiop12', 'common'],
  ['aaaaaaaaaaaaaaaa', 'common'],
  ['123456789012', 'common'],
  ['Welcome2026!!', 'common'],
  ['healthworker1', 'personal'],
  ['AshaVerma-2026', 'personal'],
  ['Rampur-Verma-22', 'personal'],
] as const)('%s is refused as %s', async (password, because) => {
  expect(await rules.refusalOf(password, known)).toBe(because);
});

test.each([
  'lantern orbit teapot 9',
  'gj4kd9sl2mxz',
  'नदी किनारे पुराना बरगद',
  'شجرة قديمة قرب النهر',
  'asha likes mountain goats',
  '🌍🦔🎻🧵🪁🍐🛶🧭🪔🐚🧶🎋',
])('%s may be taken', async (password) => {
  expect(await rules.refusalOf(password, known)).toBeUndefined();
});
