import { describe, expect, it } from 'vitest';
import { createBlindIndexer, plainCodec, type TokenRequest } from './index.ts';
import { decodePlain, encodePlain } from './plain-value.ts';

const context = { store: 's', model: 'Patient', field: 'name', rowId: 'r', ownerId: 'o' };

describe('plain codec', () => {
  it('is a version byte and the bytes themselves: it does not encrypt', async () => {
    const plain = new TextEncoder().encode('Asha');
    const [sealed = new Uint8Array()] = await plainCodec.sealMany([{ ...context, plain }]);
    expect([...sealed]).toEqual([0, 0x41, 0x73, 0x68, 0x61]);
    expect(await plainCodec.openMany([{ ...context, sealed }])).toEqual([plain]);
  });

  it.each([[[]], [[1, 65]], [[255]]])('refuses the unknown version of %j', (bytes) => {
    const sealed = Uint8Array.from(bytes);
    expect(() => plainCodec.openMany([{ ...context, sealed }])).toThrow('SEAL_VERSION_UNKNOWN');
  });
});

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

describe('blind indexer', () => {
  const normalizers = {
    name: (value: string) => value.split(' '),
    phone: () => [],
    identifier: (value: string) => [value],
    exact: (value: string) => [value],
  };
  const indexer = (fill: number) =>
    createBlindIndexer({ key: new Uint8Array(32).fill(fill), normalizers });
  const index = { of: 'name', normalize: 'name', list: true, with: null, within: null } as const;
  const request: TokenRequest = {
    store: 'patient',
    model: 'Patient',
    field: 'nameTokens',
    index,
    value: 'Rehana Begum Rehana',
    companion: null,
    partition: null,
    purpose: 'write',
  };
  const tokens = async (change: Partial<TokenRequest> = {}, fill = 1) =>
    (await indexer(fill).tokensOf([{ ...request, ...change }]))[0] ?? [];

  it('gives the same tokens for the same texts, once each, whatever their order', async () => {
    const all = await tokens();
    expect(all).toHaveLength(2);
    expect(await tokens({ value: 'Begum Rehana', purpose: 'search' })).toEqual(all);
    expect(all.every((token) => /^[0-9a-f]{16}$/.test(token))).toBe(true);
  });

  it('gives other tokens under another key, store, model, field or partition', async () => {
    const all = new Set(await tokens());
    const others = await Promise.all([
      tokens({}, 2),
      tokens({ store: 'x' }),
      tokens({ model: 'x' }),
      tokens({ field: 'x' }),
      tokens({ partition: 'x' }),
    ]);
    for (const token of others.flat()) expect(all.has(token)).toBe(false);
    expect(new Set(others.flat()).size).toBe(10);
  });

  it('refuses several tokens for one scalar column, and a short key', () => {
    const scalar = { ...request, index: { ...index, list: false } };
    expect(() => indexer(1).tokensOf([scalar])).toThrow('SEAL_VALUE_INVALID');
    expect(() => createBlindIndexer({ key: new Uint8Array(16), normalizers })).toThrow(RangeError);
  });
});
