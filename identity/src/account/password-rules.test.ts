import { expect, test } from 'vitest';
import { createPasswordRules } from './password-rules.ts';

const rules = createPasswordRules();
const known = ['asha.verma', 'Asha Verma', 'Rampur District Hospital'];

test.each([
  ['fourteen-chars', 'too_short'],
  // Fourteen code points, although they are 28 code units.
  ['🌍'.repeat(14), 'too_short'],
  ['a1'.repeat(65), 'too_long'],
  ['password12345678', 'common'],
  ['P@ssw0rdP@ssw0rd', 'common'],
  ['qwertyuiopasdfg', 'common'],
  ['aaaaaaaaaaaaaaaa', 'common'],
  ['123456789012345', 'common'],
  ['Welcome2026!!!!', 'common'],
  ['healthworker123', 'personal'],
  ['AshaVermaAsha26', 'personal'],
  ['Rampur-Verma-22', 'personal'],
] as const)('%s is refused as %s', async (password, because) => {
  expect(await rules.refusalOf(password, known)).toBe(because);
});

test.each([
  'lantern orbit teapot 9',
  'gj4kd9sl2mxzw7r',
  'नदी किनारे पुराना बरगद',
  'شجرة قديمة قرب النهر',
  'asha likes mountain goats',
  '🌍🦔🎻🧵🪁🍐🛶🧭🪔🐚🧶🎋🥁🪵🧊',
])('%s may be taken', async (password) => {
  expect(await rules.refusalOf(password, known)).toBeUndefined();
});
