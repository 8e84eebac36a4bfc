import { describe, expect, it } from 'vitest';
import { decodePlain, encodePlain } from './plain-value.ts';

const context = { store: 's', model: 'Patient', field: 'name', rowId: 'r', ownerId: 'o' };

describe('plain values', () => {
  it.each([
    ['string', ''],
    ['string', '\uFEFFरेहाना 👩🏽‍⚕️'],
    ['json', { a: [1, null, 'x'] }],
    ['json', 'text'],
    ['json', false],
    ['date', new Date('1994-03-02T01:02:03.004Z')],
    ['strings', []],
    ['strings', ['a', '']],
  ] as const)('%s %j comes back as it was', (type, value) => {
    expect(decodePlain(type, encodePlain(type, value, context), context)).toEqual(value);
  });

  it.each(['json', 'strings', 'date'] as const)(
    'broken %s bytes are a fault without them',
    (type) => {
      const bytes = new TextEncoder().encode('{"secret');
      expect(() => decodePlain(type, bytes, context)).toThrow('SEAL_VALUE_INVALID');
      expect(() => decodePlain(type, bytes, context)).not.toThrow('secret');
      const broken = Uint8Array.of(0xc3);
      expect(() => decodePlain('string', broken, context)).toThrow('SEAL_VALUE_INVALID');
    },
  );
});
