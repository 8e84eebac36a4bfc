import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createNameHash, createSealedText } from './sealed-text.ts';

const name = 'Patient?identifier=urn:mrn|123456';

test('a name has one hash in an import, and another one in the next', () => {
  const hashed = createNameHash();
  expect(hashed(name)).toEqual(hashed(name));
  expect(hashed(`${name}7`)).not.toEqual(hashed(name));
  expect(createNameHash()(name)).not.toEqual(hashed(name));
  const guess = createHash('sha256').update(name).digest();
  expect(hashed(name)).not.toEqual(guess.subarray(0, hashed(name).length));
});

test('what is put aside opens in its own import alone', () => {
  const sealed = createSealedText();
  const aside = sealed.seal(name);
  expect(sealed.open(aside)).toBe(name);
  expect(Buffer.from(aside).includes('123456')).toBe(false);
  expect(() => createSealedText().open(aside)).toThrow();
});
