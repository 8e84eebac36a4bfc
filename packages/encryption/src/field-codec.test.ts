import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createBlindIndexer, plainCodec, type TokenRequest } from './index.ts';
import { createPartitionKeys } from './partition-key.ts';
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
  const index = {
    of: 'name',
    normalize: 'name',
    bits: 64,
    list: true,
    with: null,
    within: null,
  } as const;
  const request: TokenRequest = {
    store: 'patient',
    model: 'Patient',
    field: 'nameTokens',
    index,
    value: 'Rehana Begum Rehana',
    companion: null,
    partition: null,
    purpose: 'write',
    aspect: null,
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

  it.each([8, 24, 64, 128])('truncates a token to the %i bits that are planned', async (bits) => {
    const [long = ''] = await tokens({ value: 'Rehana', index: { ...index, bits: 128 } });
    const [short = ''] = await tokens({ value: 'Rehana', index: { ...index, bits } });
    expect(short).toHaveLength(bits / 4);
    expect(long.startsWith(short)).toBe(true);
  });

  it('stores a token once that two texts share', async () => {
    const many = Array.from({ length: 2_000 }, (_, n) => `word${n}`).join(' ');
    const all = await tokens({ value: many, index: { ...index, bits: 8 } });
    expect(all).toHaveLength(256);
    expect(new Set(all).size).toBe(256);
  });

  it('keeps tokens without a partition when only their length is planned anew', async () => {
    // What stands in a store is shortened by SQL then, and not computed again.
    const [token] = await tokens({ value: 'Rehana' });
    const message = '["patient","Patient","nameTokens",null,"Rehana"]';
    const digest = createHmac('sha256', new Uint8Array(32).fill(1)).update(message).digest('hex');
    expect(token).toBe(digest.slice(0, 16));
  });

  it('keys each partition by itself, and forgets the keys it has not used for longest', () => {
    const place = { store: 's', model: 'm', field: 'f', partition: 'north' };
    const keyOf = createPartitionKeys(new Uint8Array(32).fill(1), 2);
    const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');
    const north = keyOf(place);
    const first = hex(north);
    expect(north).toHaveLength(32);
    const others = [{ partition: 'south' }, { field: 'g' }, { model: 'n' }, { store: 't' }];
    const keys = others.map((other) => hex(keyOf({ ...place, ...other })));
    expect(new Set([first, ...keys]).size).toBe(5);
    expect(hex(north)).toBe('0'.repeat(64));
    expect(hex(keyOf(place))).toBe(first);
    expect(keyOf(place)).toBe(keyOf(place));
    expect(hex(createPartitionKeys(new Uint8Array(32).fill(2))(place))).not.toBe(first);
  });

  it('refuses several tokens for one scalar column, and a short key', () => {
    const scalar = { ...request, index: { ...index, list: false } };
    expect(() => indexer(1).tokensOf([scalar])).toThrow('SEAL_VALUE_INVALID');
    expect(() => createBlindIndexer({ key: new Uint8Array(16), normalizers })).toThrow(RangeError);
  });
});
