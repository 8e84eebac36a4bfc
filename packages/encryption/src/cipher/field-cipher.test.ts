import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveDataKey, wipeDataKey, type DataKey } from './data-key.ts';
import {
  keyIdOf,
  maxPlainBytes,
  openValue,
  sealedOverheadBytes,
  sealValue,
  type ValuePlace,
} from './field-cipher.ts';
import { createNonceSource } from './nonce-source.ts';
import { sameTagUnderBoth } from './test-key-collision.ts';

/** fast-check prints the seed of a run that fails; `seed` and `path` here replay it. */
const runs = { numRuns: 300 };
const nextNonce = createNonceSource();
const newKey = () => deriveDataKey(randomUUID(), randomUUID(), randomBytes(32));
const key = newKey();
const place: ValuePlace = {
  ...{ store: 'patient', model: 'Patient', field: 'name' },
  rowId: '01890a5d-ac96-7ab2-80e2-4536d66c5f4d',
};
const seal = (plain: Uint8Array, by: DataKey = key, at: ValuePlace = place) =>
  sealValue(by, at, plain, nextNonce());

describe('what was sealed opens', () => {
  test('any bytes up to 4 KiB, anywhere', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 40 });
    const anywhere = fc.record({ store: name, model: name, field: name, rowId: name });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_096 }), anywhere, (plain, at) => {
        const sealed = seal(plain, key, at);
        expect(sealed.length).toBe(plain.length + sealedOverheadBytes);
        expect(keyIdOf(sealed)).toBe(key.id);
        const opened = openValue(key, at, sealed);
        expect(typeof opened === 'string' ? opened : Buffer.compare(opened, plain)).toBe(0);
      }),
      runs,
    );
  });

  test.each([0, 1, maxPlainBytes - 1, maxPlainBytes])('%i bytes', (length) => {
    const plain = randomBytes(length);
    const opened = openValue(key, place, seal(plain));
    expect(typeof opened === 'string' ? opened : plain.equals(opened)).toBe(true);
  });

  test('a byte more than 1 MiB is refused before anything is sealed', () => {
    expect(maxPlainBytes).toBe(1_048_576);
    expect(() => seal(new Uint8Array(maxPlainBytes + 1))).toThrow(RangeError);
  });

  test('a name of more than 65,535 bytes is refused', () => {
    const long = { ...place, rowId: 'é'.repeat(32_768) };
    expect(() => seal(new Uint8Array(1), key, long)).toThrow(RangeError);
  });
});

describe('what was changed is refused', () => {
  const plains = ['', 'a', 'Rehana Begum', 'x'.repeat(64)];
  test.each(plains)('every single bit of the sealed “%s”', (text) => {
    const sealed = seal(Buffer.from(text));
    let opened = 0;
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = sealed.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (typeof openValue(key, place, changed) !== 'string') opened += 1;
    }
    expect(opened).toBe(0);
    expect(Buffer.from(openValue(key, place, sealed)).toString()).toBe(text);
  });

  test('what is shorter or longer', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        (plain, more, cut) => {
          const sealed = seal(plain);
          const shorter = sealed.subarray(0, cut % sealed.length);
          const longer = new Uint8Array([...sealed, ...more]);
          const inFront = new Uint8Array([...more, ...sealed]);
          for (const wrong of [shorter, longer, inFront]) {
            expect(openValue(key, place, wrong)).toEqual(expect.any(String));
          }
        },
      ),
      runs,
    );
  });

  test('bytes that nobody sealed, whatever version they say', () => {
    const header = Buffer.concat([Buffer.of(1), key.idBytes, key.commitment]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(openValue(key, place, noise)).toEqual(expect.any(String));
        expect(openValue(key, place, Buffer.concat([header, noise]))).toEqual(expect.any(String));
      }),
      runs,
    );
  });
});

describe('what was moved is refused', () => {
  const tries = 10_000;
  const other = newKey();
  const moves = {
    row: (to: string) => ({ at: { ...place, rowId: to }, by: key }),
    field: (to: string) => ({ at: { ...place, field: to }, by: key }),
    model: (to: string) => ({ at: { ...place, model: to }, by: key }),
    subgraph: (to: string) => ({ at: { ...place, store: to }, by: key }),
    'key, the same id': (to: string) => ({
      at: place,
      by: { ...deriveDataKey(key.id, key.ownerId, Buffer.from(to.padEnd(32).slice(0, 32))) },
    }),
    'key, another id': () => ({ at: place, by: other }),
  };
  test.each(Object.entries(moves))('to another %s, 10,000 of 10,000 times', (_name, move) => {
    const sealed = seal(Buffer.from('Rehana Begum'));
    const taken: string[] = Object.values(place);
    const elsewhere = fc
      .oneof(fc.uuid(), fc.string({ maxLength: 60 }), fc.constantFrom('Name', 'name ', 'nam', ''))
      .filter((to) => !taken.includes(to));
    let refused = 0;
    fc.assert(
      fc.property(elsewhere, (to) => {
        const { at, by } = move(to);
        const opened = openValue(by, at, sealed);
        expect(opened).toMatch(/^(REFUSED|WRONG_KEY)$/);
        refused += 1;
      }),
      { numRuns: tries },
    );
    expect(refused).toBe(tries);
  });

  test('the border between two names cannot be shifted', () => {
    const sealed = seal(Buffer.from('x'), key, { ...place, model: 'Patient', field: 'name' });
    for (const [model, field] of [
      ['Patientn', 'ame'],
      ['Patien', 'tname'],
      ['', 'Patientname'],
      ['Patientname', ''],
    ] as const) {
      expect(openValue(key, { ...place, model, field }, sealed)).toBe('REFUSED');
    }
    expect(openValue(key, place, sealed)).not.toBe('REFUSED');
  });
});

test('the same text is never the same bytes: 10,000 seals, 10,000 nonces', () => {
  const plain = Buffer.from('Rehana Begum');
  const sealed = Array.from({ length: 10_000 }, () => Buffer.from(seal(plain)));
  const distinct = (from: number, to?: number) =>
    new Set(sealed.map((one) => one.subarray(from, to).toString('hex'))).size;
  expect(distinct(49, 61)).toBe(10_000);
  expect(distinct(61)).toBe(10_000);
});

describe('a value is of one key', () => {
  /** A value that opens under two keys in AES-GCM; FORMAT.md says why there is a commitment. */
  function collision() {
    const [one, two] = [newKey(), newKey()];
    const nonce = randomBytes(12);
    const associated = (by: DataKey) => {
      const whole = sealValue(by, place, new Uint8Array(), nonce);
      return { header: whole.subarray(0, 61), data: associatedData(by) };
    };
    return { one, two, nonce, associated };
  }

  function associatedData(by: DataKey): Buffer {
    const lp = (text: string) => Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)]);
    const { store, model, field, rowId } = place;
    return Buffer.concat([Buffer.of(1), by.idBytes, ...[store, model, field, rowId].map(lp)]);
  }

  function openRaw(by: DataKey, nonce: Buffer, data: Buffer, body: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', by.fieldKey, nonce, { authTagLength: 16 });
    decipher.setAAD(data);
    decipher.setAuthTag(body.subarray(-16));
    return Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
  }

  test('although AES-GCM alone opens it under both', () => {
    const { one, two, nonce, associated } = collision();
    const [first, second] = [associated(one), associated(two)];
    const body = sameTagUnderBoth(nonce, [
      { key: one.fieldKey, associated: first.data },
      { key: two.fieldKey, associated: second.data },
    ]);
    const [textOfOne, textOfTwo] = [
      openRaw(one, nonce, first.data, body),
      openRaw(two, nonce, second.data, body),
    ];
    expect(textOfOne.equals(textOfTwo)).toBe(false);

    const asOne = Buffer.concat([first.header, body]);
    const asTwo = Buffer.concat([second.header, body]);
    expect(openValue(one, place, asOne)).toEqual(new Uint8Array(textOfOne));
    expect(openValue(two, place, asOne)).toBe('WRONG_KEY');
    expect(openValue(two, place, asTwo)).toEqual(new Uint8Array(textOfTwo));
    expect(openValue(one, place, asTwo)).toBe('WRONG_KEY');
    // The id of a key can be written over, and its bytes may be chosen: the commitment is what holds.
    const disguised = { ...two, id: one.id, idBytes: one.idBytes };
    const both = sameTagUnderBoth(nonce, [
      { key: one.fieldKey, associated: first.data },
      { key: two.fieldKey, associated: first.data },
    ]);
    expect(openRaw(two, nonce, first.data, both).length).toBe(32);
    expect(typeof openValue(one, place, Buffer.concat([first.header, both]))).toBe('object');
    expect(openValue(disguised, place, Buffer.concat([first.header, both]))).toBe('WRONG_KEY');
  });

  test('the construction is of the two keys alone: a third refuses', () => {
    const { one, two, nonce, associated } = collision();
    const data = associated(one).data;
    const body = sameTagUnderBoth(nonce, [
      { key: one.fieldKey, associated: data },
      { key: two.fieldKey, associated: data },
    ]);
    expect(() => openRaw(newKey(), nonce, data, body)).toThrow();
  });
});

test('a wiped key is zeros, and seals nothing that the key would open', () => {
  const wiped = newKey();
  const before = {
    ...wiped,
    fieldKey: wiped.fieldKey.slice(),
    commitment: wiped.commitment.slice(),
  };
  expect(Buffer.from(wiped.fieldKey).equals(Buffer.alloc(32))).toBe(false);
  wipeDataKey(wiped);
  expect(Buffer.from(wiped.fieldKey).equals(Buffer.alloc(32))).toBe(true);
  expect(Buffer.from(wiped.commitment).equals(Buffer.alloc(32))).toBe(true);
  expect(openValue(before, place, seal(Buffer.from('x'), wiped))).toBe('WRONG_KEY');
});

test('the product’s cipher is AES-256-GCM as node has it', () => {
  const nonce = nextNonce();
  const sealed = sealValue(key, place, Buffer.from('x'), nonce);
  const cipher = createCipheriv('aes-256-gcm', key.fieldKey, nonce);
  const body = Buffer.concat([cipher.update('x'), cipher.final()]);
  expect(Buffer.from(sealed.subarray(61, 62)).equals(body)).toBe(true);
});
