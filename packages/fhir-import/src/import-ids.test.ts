import { isUuidV7 } from '@caregraph/clock';
import { expect, test } from 'vitest';
import { defaultSource } from './identity.ts';
import { createImportIds, importInstitutionId, unkeyedIds } from './import-ids.ts';

const key = new Uint8Array(32).fill(1);
const ids = createImportIds(key);
const name = 'urn:uuid:3190019b-9001-4e31-a3c4-380b12b8002a';

test('the same input gives the same UUIDv7, and another one another', () => {
  const atMs = Date.parse('2024-05-04T00:00:00Z');
  const id = ids.of('Checkup', name, atMs);
  expect(isUuidV7(id)).toBe(true);
  expect(createImportIds(key).of('Checkup', name, atMs)).toBe(id);
  expect(ids.of('Immunization', name, atMs)).not.toBe(id);
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(atMs);
});

test.each([-5, 0, 2 ** 60, Number.MAX_SAFE_INTEGER])(
  'a time of %d still gives a UUIDv7',
  (atMs) => {
    expect(isUuidV7(ids.of('Checkup', 'x', atMs))).toBe(true);
  },
);

test('another key gives other ids', () => {
  const other = createImportIds(new Uint8Array(32).fill(2));
  expect(other.of('Patient', name)).not.toBe(ids.of('Patient', name));
  expect(other.within('operation', name)).not.toBe(ids.within('operation', name));
});

test('a key that is too short makes no ids', () => {
  expect(() => createImportIds(new Uint8Array(16))).toThrow('32 bytes');
});

test('records that were imported before there was a key are found by the ids that they have', () => {
  // Taken from the version before.
  const known = [
    '00000000-0000-7124-8766-8859573242ba',
    '018f40e6-8400-7ccc-ba27-15a50255e3c1',
    '00000000-0000-7c04-ae31-439133ad1e05',
  ];
  for (const made of [unkeyedIds, createImportIds(key, 'EARLIER')]) {
    expect([
      made.of('Patient', name),
      made.of('Checkup', 'x', Date.parse('2024-05-04T00:00:00Z')),
      importInstitutionId(made, defaultSource),
    ]).toEqual(known);
  }
});

test('what nobody looks for again is keyed in a source of before too', () => {
  expect(createImportIds(key, 'EARLIER').within('operation', name)).toBe(
    ids.within('operation', name),
  );
});
