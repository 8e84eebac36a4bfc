import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createBlindIndexer } from '../blind-index.ts';
import { deriveDataKey, unwrapDataKey, wrapDataKey } from './data-key.ts';
import { openValue, sealValue } from './field-cipher.ts';
import { createIndexKey } from './index-key.ts';
import {
  tokenByFormat,
  valueByFormat,
  wrappedByFormat,
  type TokenGiven,
  type ValueGiven,
  type WrapGiven,
} from './test-format.ts';

type Commented<T> = T & { readonly comment: string };
interface Vectors {
  readonly values: readonly Commented<ValueGiven & ReturnType<typeof valueByFormat>>[];
  readonly wrapped: readonly Commented<WrapGiven & ReturnType<typeof wrappedByFormat>>[];
  readonly tokens: readonly Commented<TokenGiven & ReturnType<typeof tokenByFormat>>[];
}

const file = new URL('./format-vectors.json', import.meta.url);
const { values, wrapped, tokens } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (given: Uint8Array) => Buffer.from(given).toString('hex');

describe('a sealed value', () => {
  test.each(values)('$comment, by the text of FORMAT.md', (vector) => {
    expect(valueByFormat(vector)).toEqual({
      ...{ fieldKey: vector.fieldKey, commitment: vector.commitment, sealed: vector.sealed },
    });
    expect(vector.sealed.length / 2).toBe(77 + vector.plain.length / 2);
  });

  test.each(values)('$comment, by the cipher', (vector) => {
    const key = deriveDataKey(vector.keyId, vector.ownerId, bytes(vector.dataKey));
    expect(hex(key.fieldKey)).toBe(vector.fieldKey);
    expect(hex(key.commitment)).toBe(vector.commitment);
    const sealed = sealValue(key, vector, bytes(vector.plain), bytes(vector.nonce));
    expect(hex(sealed)).toBe(vector.sealed);
    const opened = openValue(key, vector, bytes(vector.sealed));
    expect(typeof opened === 'string' ? opened : hex(opened)).toBe(vector.plain);
  });
});

describe('a wrapped data key', () => {
  test.each(wrapped)('$comment, by the text of FORMAT.md', (vector) => {
    expect(wrappedByFormat(vector)).toEqual({ wrapped: vector.wrapped });
    expect(vector.wrapped.length / 2).toBe(61);
  });

  test.each(wrapped)('$comment, by the cipher', (vector) => {
    const key = bytes(vector.partitionKey);
    const made = wrapDataKey(key, vector, bytes(vector.dataKey), bytes(vector.nonce));
    expect(hex(made)).toBe(vector.wrapped);
    const opened = unwrapDataKey(key, vector, bytes(vector.wrapped));
    expect(opened && hex(opened)).toBe(vector.dataKey);
  });
});

describe('a token of a blind index', () => {
  test.each(tokens)('$comment, by the text of FORMAT.md', (vector) => {
    const { partitionKey, token } = vector;
    expect(tokenByFormat(vector)).toEqual({ partitionKey, token });
    expect(token.length).toBe(vector.bits / 4);
  });

  test.each(tokens)('$comment, by the indexer', async (vector) => {
    const key = createIndexKey(bytes(vector.indexKey));
    const of = async (columns: readonly string[]) =>
      new Map(columns.map((column) => [column, { written: key, searched: [key] }]));
    const itself = (value: string) => [value];
    const normalizers = { name: itself, phone: itself, identifier: itself, exact: itself };
    const { store, model, column, partition, bits, text, token } = vector;
    const answered = await createBlindIndexer({ keys: { of }, normalizers }).tokensOf([
      {
        ...{
          store,
          model,
          field: column,
          value: text,
          companion: null,
          aspect: null,
          purpose: 'write',
        },
        ...{ partition, aspect: null },
        index: { of: 'x', normalize: 'exact', bits, list: false, with: null, within: null },
      },
    ]);
    expect(answered).toEqual([[token]]);
  });
});
