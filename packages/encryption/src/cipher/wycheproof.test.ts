import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openGcm, sealGcm, tagBytes } from './aes-gcm.ts';

interface Vectors {
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly flags: readonly string[];
    readonly key: string;
    readonly iv: string;
    readonly aad: string;
    readonly msg: string;
    readonly ct: string;
    readonly tag: string;
    readonly result: 'valid' | 'invalid';
  }[];
}
type Vector = Vectors['tests'][number];

const file = new URL('./vectors/wycheproof-aes-gcm.json', import.meta.url);
const { tests } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const bytes = (hex: string) => Buffer.from(hex, 'hex');
const valid = tests.filter(({ result }) => result === 'valid');
const invalid = tests.filter(({ result }) => result === 'invalid');

/** What stands before and after in a sealed value, so that writing outside of the room shows. */
const before = Buffer.from('before');
const after = Buffer.from('after');

function sealed({ key, iv, aad, msg }: Vector): Buffer {
  const plain = bytes(msg);
  const room = Buffer.concat([before, Buffer.alloc(plain.length + tagBytes), after]);
  sealGcm(createSecretKey(bytes(key)), bytes(iv), bytes(aad), plain, room, before.length);
  expect(room.subarray(0, before.length)).toEqual(before);
  expect(room.subarray(room.length - after.length)).toEqual(after);
  return room.subarray(before.length, room.length - after.length);
}

const opened = ({ key, iv, aad, ct, tag }: Vector) =>
  openGcm(createSecretKey(bytes(key)), bytes(iv), bytes(aad), bytes(ct + tag));

test('all 66 vectors of 256, 96 and 128 bits are here', () => {
  expect(new Set(tests.map(({ tcId }) => tcId)).size).toBe(66);
  expect([valid.length, invalid.length]).toEqual([39, 27]);
  for (const { key, iv, tag } of tests) {
    expect([bytes(key).length, bytes(iv).length, bytes(tag).length]).toEqual([32, 12, tagBytes]);
  }
});

describe('valid', () => {
  test.each(valid)('$tcId $flags.0 seals and opens', (vector) => {
    expect(sealed(vector).toString('hex')).toBe(vector.ct + vector.tag);
    const plain = opened(vector);
    expect(plain && Buffer.from(plain).toString('hex')).toBe(vector.msg);
  });
});

describe('invalid', () => {
  test.each(invalid)('$tcId $comment is refused', (vector) => {
    expect(opened(vector)).toBeUndefined();
    // It is the tag alone that is wrong: the rest of the vector seals to the same ciphertext.
    const right = sealed(vector).toString('hex');
    expect(right.slice(0, vector.ct.length)).toBe(vector.ct);
    expect(right.slice(vector.ct.length)).not.toBe(vector.tag);
  });
});

test('less than a tag is refused', () => {
  const [vector] = valid;
  for (let length = 0; length < tagBytes; length += 1) {
    expect(vector && opened({ ...vector, ct: '', tag: '00'.repeat(length) })).toBeUndefined();
  }
});
