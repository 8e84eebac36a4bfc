import { describe, expect, it } from 'vitest';
import { createIndexKey } from './cipher/index-key.ts';
import { createBlindIndexer, type TokenRequest } from './index.ts';

describe('blind indexer', () => {
  const normalizers = {
    name: (value: string) => value.split(' '),
    phone: () => [],
    identifier: (value: string) => [value],
    exact: (value: string) => [value],
  };
  const filled = (fill: number) => createIndexKey(new Uint8Array(32).fill(fill));
  /** The first key is written with; all are searched with. */
  const indexer = (...fills: [number, ...number[]]) => {
    const keys = { written: filled(fills[0]), searched: fills.map(filled) };
    const of = async (columns: readonly string[]) =>
      new Map(columns.map((column) => [column, keys]));
    return createBlindIndexer({ keys: { of }, normalizers });
  };
  const index = {
    ...({ of: 'name', normalize: 'name', bits: 64, list: true } as const),
    ...{ with: null, within: null },
  };
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

  it('cuts tokens to the bits that the schema plans', async () => {
    const short = await tokens({ index: { ...index, bits: 24 } });
    const long = await tokens();
    expect(short).toEqual(long.map((token) => token.slice(0, 6)).sort());
  });

  it('searches under every live key while one replaces another, and writes under one', async () => {
    const [one, two] = [await tokens({}, 1), await tokens({}, 2)];
    const during = indexer(1, 2);
    const search = (await during.tokensOf([{ ...request, purpose: 'search' }]))[0];
    expect(search).toEqual([...one, ...two].sort());
    expect((await during.tokensOf([request]))[0]).toEqual(one);
  });

  it('refuses several tokens for one scalar column, and an index without a key', async () => {
    const scalar = { ...request, index: { ...index, list: false } };
    await expect(indexer(1).tokensOf([scalar])).rejects.toThrow('SEAL_VALUE_INVALID');
    const keyless = createBlindIndexer({ keys: { of: async () => new Map() }, normalizers });
    await expect(keyless.tokensOf([request])).rejects.toThrow('BLIND_INDEX_KEY_MISSING');
  });
});
