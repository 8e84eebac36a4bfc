import { createRandom, familyName, givenName } from '@caregraph/factory';
import { nameTokens } from '@caregraph/name-matching';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createIndexKey } from './cipher/index-key.ts';
import { createBlindIndexer } from './index.ts';

/** What BLIND-INDEX.md says, held against the schemas and against made-up people. */

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(import.meta.dirname, '../BLIND-INDEX.md'), 'utf8');

describe('the plan', () => {
  it('names every blind index with the bits and the partition that are declared', () => {
    const planned = [...page.matchAll(/^\| (\w+\.\w+) +\|[^|]*\| (\d+) +\| ([^|]*?) +\|/gm)];
    const declared = globSync('prisma/*/schema/*.prisma', { cwd: root }).flatMap((path) => {
      const models = readFileSync(join(root, path), 'utf8')
        .split(/^model /m)
        .slice(1);
      return models.flatMap((model) =>
        [...model.matchAll(/@blindIndex\(.*bits: "(\d+)"(.*)\)\n\s+(\w+)/g)].map(
          ([, bits, rest = '', column = '']) =>
            [
              `${/^\w+/.exec(model)?.[0] ?? ''}.${column}`,
              bits,
              rest.includes('within: "districtId"') ? 'the district' : 'none',
            ] as const,
        ),
      );
    });
    expect(declared.length).toBeGreaterThan(3);
    expect(planned.map(([, ...cells]) => cells).sort()).toEqual(declared.sort());
  });
});

const people = 100_000;
/** Given and family names, drawn with the frequencies of real ones: the n-th as often as 1/n. */
function draw(seed: string): string[] {
  const random = createRandom('names');
  const words = (make: () => string) => [...new Set(Array.from({ length: 5_000 }, make))];
  const given = [
    ...words(() => givenName(random, 'LATIN', 'FEMALE')),
    ...words(() => givenName(random, 'LATIN', 'MALE')),
  ];
  const family = words(() => familyName(random, 'LATIN'));
  const drawing = createRandom(seed);
  const one = (list: readonly string[]) =>
    list[Math.floor(list.length ** drawing.next()) - 1] ?? list[0] ?? '';
  return Array.from({ length: people }, () => `${one(given)} ${one(family)}`);
}

let drawn: string[];
beforeAll(() => {
  drawn = draw('store');
});

const texts = new Map<string, readonly string[]>();
const textsOf = (name: string): readonly string[] => {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const { prefixes, phonetic } = nameTokens(name);
  const made = [...prefixes.map((text) => `=${text}`), ...phonetic.map((text) => `~${text}`)];
  texts.set(name, made);
  return made;
};

const indexKey = createIndexKey(new Uint8Array(32).fill(9));
/** Tokens as the indexer computes them, without a store of keys. */
const indexer = createBlindIndexer({
  keys: {
    of: async (columns) =>
      new Map(columns.map((column) => [column, { written: indexKey, searched: [indexKey] }])),
  },
  normalizers: {
    name: (value) => [value],
    exact: (value) => [value],
    phone: (value) => [value],
    identifier: (value) => [value],
  },
});

/** The tokens of all the texts that these names have. */
async function tokens(
  bits: number,
  partition: string | null,
  texts: ReadonlySet<string> = new Set(drawn.flatMap(textsOf)),
): Promise<(text: string) => string> {
  const index = {
    ...{ of: 'name', bits, list: true, with: null, within: 'districtId' },
    normalize: 'name' as const,
  };
  const place = { store: 'patient', model: 'Patient', field: 'nameTokens', index };
  const request = { ...place, companion: null, partition, aspect: null, purpose: 'write' as const };
  const all = [...texts];
  const found = await indexer.tokensOf(all.map((value) => ({ ...request, value })));
  const known = new Map(all.map((text, at) => [text, found[at]?.[0] ?? '']));
  return (text) => known.get(text) ?? '';
}

/** How many people have each of the things that a name has. */
function frequencies(
  thingsOf: (name: string) => readonly string[],
  names: readonly string[] = drawn,
): Map<string, number> {
  const counted = new Map<string, number>();
  for (const name of names) {
    for (const one of new Set(thingsOf(name))) counted.set(one, (counted.get(one) ?? 0) + 1);
  }
  return counted;
}

describe('a district of 100,000', () => {
  it('has about thirteen tokens a name', () => {
    const all = drawn.reduce((sum, name) => sum + textsOf(name).length, 0);
    expect(all / people).toBeGreaterThan(11);
    expect(all / people).toBeLessThan(14);
  });

  it.each([8, 12, 16, 24])(
    'has as many strangers to a token of %i bits as planned',
    async (bits) => {
      const meant = frequencies(textsOf);
      const districts = Array.from({ length: 20 }, (_, n) => `district ${n}`);
      let strangers = 0;
      for (const district of districts) {
        // A few hundred texts collide now and then: one key alone tells little.
        const tokenOf = await tokens(bits, district, new Set(meant.keys()));
        const found = new Map<string, number>();
        for (const [text, count] of meant) {
          found.set(tokenOf(text), (found.get(tokenOf(text)) ?? 0) + count);
        }
        for (const [text, count] of meant) strangers += (found.get(tokenOf(text)) ?? 0) - count;
      }
      const tokensInAll = [...meant.values()].reduce((sum, count) => sum + count, 0);
      const perToken = strangers / meant.size / districts.length;
      const planned = tokensInAll / 2 ** bits;
      if (bits === 24) expect(perToken).toBeLessThan(1);
      else {
        expect(perToken).toBeGreaterThan(planned / 2);
        expect(perToken).toBeLessThan(planned * 2);
      }
    },
  );

  it('is not linked to another one by its tokens, as it would be under one key', async () => {
    const all = [...frequencies(textsOf).keys()];
    const linked = async (one: string, other: string) => {
      const [here, there] = [await tokens(24, one), await tokens(24, other)];
      const known = new Set(all.map(there));
      return all.filter((text) => known.has(here(text))).length / all.length;
    };
    expect(await linked('north', 'north')).toBe(1);
    expect(await linked('north', 'south')).toBeLessThan(0.01);
  });

  it('has too many of a frequent name to open, and few of a whole one', () => {
    const words = frequencies((name) => name.split(' '));
    const whole = frequencies((name) => [name]);
    const share = (counted: Map<string, number>) => {
      const opened = [...counted.values()].filter((count) => count <= 200);
      return opened.reduce((sum, count) => sum + count, 0) / (people * (counted === words ? 2 : 1));
    };
    // Of the people who are asked for by one word, most share it with more than 200.
    expect(share(words)).toBeLessThan(0.5);
    expect(share(whole)).toBeGreaterThan(0.5);
  });
});

/**
 * What a thief makes of the tokens who knows how frequent names are, from a list of the same region:
 * the n-th most frequent token is taken for the n-th most frequent text.
 */
describe('frequencies', () => {
  const guessed = async (from: number, to: number, thingsOf: (name: string) => string[]) => {
    const listing = draw('list');
    const texts = new Set([...drawn, ...listing].flatMap(thingsOf));
    const tokenOf = await tokens(24, 'north', texts);
    const ranked = (counted: Map<string, number>) =>
      [...counted].sort(([, one], [, other]) => other - one).map(([thing]) => thing);
    const listed = ranked(frequencies(thingsOf, listing)).slice(from, to);
    const seen = ranked(frequencies((name) => thingsOf(name).map(tokenOf)));
    return listed.filter((text, at) => tokenOf(text) === seen[from + at]).length / listed.length;
  };
  const words = (name: string) => name.toLowerCase().split(' ');

  it('give the most frequent words away, and rare ones hardly, as BLIND-INDEX.md admits', async () => {
    expect(await guessed(0, 10, words)).toBeGreaterThan(0.7);
    expect(await guessed(200, 400, words)).toBeLessThan(0.2);
  });

  it('would give the first letters away, which are few', async () => {
    const letters = (name: string) => words(name).map((word) => word.slice(0, 1));
    expect(frequencies(letters).size).toBeLessThan(27);
    expect(await guessed(0, 26, letters)).toBeGreaterThan(0.7);
    const three = (name: string) => words(name).map((word) => word.slice(0, 3));
    expect(await guessed(0, 300, three)).toBeLessThan(0.5);
  });
});
