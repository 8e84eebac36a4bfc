import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  deriveDataKey,
  keyBytes,
  unwrapDataKey,
  wrapDataKey,
  type DataKeyPlace,
} from './data-key.ts';
import { createNonceSource } from './nonce-source.ts';

const nextNonce = createNonceSource();
const partitionKey = randomBytes(32);
const place: DataKeyPlace = {
  store: 'patient',
  keyId: randomUUID(),
  ownerId: randomUUID(),
  partitionKeyId: randomUUID(),
};
const wrap = (material: Uint8Array) => wrapDataKey(partitionKey, place, material, nextNonce());

test('what was wrapped unwraps', () => {
  const material = fc.uint8Array({ minLength: keyBytes, maxLength: keyBytes });
  fc.assert(
    fc.property(material, (made) => {
      const wrapped = wrap(made);
      expect(wrapped.length).toBe(61);
      const opened = unwrapDataKey(partitionKey, place, wrapped);
      expect(opened && Buffer.compare(opened, made)).toBe(0);
    }),
  );
});

test.each([
  ['store', () => ({ ...place, store: 'clinical' })],
  ['key id', () => ({ ...place, keyId: randomUUID() })],
  ['owner', () => ({ ...place, ownerId: randomUUID() })],
  ['partition key id', () => ({ ...place, partitionKeyId: randomUUID() })],
  [
    'key id, swapped with the owner',
    () => ({ ...place, keyId: place.ownerId, ownerId: place.keyId }),
  ],
])('it does not open for another %s', (_name, elsewhere) => {
  const wrapped = wrap(randomBytes(32));
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    expect(unwrapDataKey(partitionKey, elsewhere(), wrapped)).toBeUndefined();
  }
  expect(unwrapDataKey(partitionKey, place, wrapped)).toBeDefined();
});

test('it does not open with another partition key', () => {
  expect(unwrapDataKey(randomBytes(32), place, wrap(randomBytes(32)))).toBeUndefined();
});

test('every bit that is changed is refused, and every length but 61', () => {
  const wrapped = wrap(randomBytes(32));
  for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
    const changed = wrapped.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(unwrapDataKey(partitionKey, place, changed), `bit ${bit}`).toBeUndefined();
  }
  for (let length = 0; length < wrapped.length; length += 1) {
    expect(unwrapDataKey(partitionKey, place, wrapped.subarray(0, length))).toBeUndefined();
  }
  expect(
    unwrapDataKey(partitionKey, place, Buffer.concat([wrapped, Buffer.of(0)])),
  ).toBeUndefined();
});

test('field key and commitment differ from each other, and with id and material', () => {
  const material = randomBytes(32);
  const [id, owner] = [randomUUID(), randomUUID()];
  const keys = [
    deriveDataKey(id, owner, material),
    deriveDataKey(randomUUID(), owner, material),
    deriveDataKey(id, owner, randomBytes(32)),
  ];
  const derived = keys.flatMap(({ fieldKey, commitment }) => [fieldKey, commitment]);
  const texts = [material, ...derived].map((one) => Buffer.from(one).toString('hex'));
  expect(new Set(texts).size).toBe(texts.length);
  expect(derived.every((one) => one.length === 32)).toBe(true);
});
