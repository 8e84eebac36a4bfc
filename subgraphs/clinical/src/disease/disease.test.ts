import { afterAll, beforeAll, expect, test } from 'vitest';
import { diseases } from '@caregraph/guideline';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';

let graph: TestDistrict;

beforeAll(async () => {
  graph = await startTestDistrict();
});
afterAll(() => graph.stop());

const rows = async () =>
  (await graph.pool.query('SELECT code, title, version, xmin::text FROM disease ORDER BY code'))
    .rows;

test('the reference rows are the content; loading them again touches none, a stale one is mended', async () => {
  const loaded = await rows();
  expect(loaded.map(({ code }) => code)).toEqual(diseases.entries.map(({ code }) => code).sort());
  await graph.pool.query(`UPDATE disease SET title = 'old' WHERE code = 'A09.9'`);
  const { loadDiseases } = await import('./disease-content.store.ts');
  const { createStoreClient } = await import('../client.ts');
  const sealing = graph.keys.sealing('clinical');
  const { prisma } = createStoreClient({ pool: graph.pool, sealing });
  await loadDiseases(prisma);
  await loadDiseases(prisma);
  const after = await rows();
  const untouched = (all: typeof loaded) => all.filter(({ code }) => code !== 'A09.9');
  expect(untouched(after)).toEqual(untouched(loaded));
  expect(after.find(({ code }) => code === 'A09.9').title).not.toBe('old');
});

test('diseases are found by code with or without the dot, and by title in any language', async () => {
  const find = async (search: string, language?: string) => {
    const answer = await graph.ask(
      graph.worker,
      `query ($search: String, $language: String) {
        diseases(search: $search, language: $language, first: 200) { edges { node { code } } } }`,
      { search, language },
    );
    expect(answer.errors).toEqual([]);
    const { edges } = answer.data?.['diseases'] as { edges: { node: { code: string } }[] };
    return edges.map(({ node }) => node.code);
  };
  expect(await find('O14.1')).toEqual(['O14.1']);
  expect(await find('o141')).toEqual(['O14.1']);
  expect(await find('severe pre-eclampsia')).toContain('O14.1');
  const translated = diseases.entries.find(({ translations }) => translations?.hi !== undefined);
  const title = translated?.translations?.hi ?? '';
  expect(await find(title)).toContain(translated?.code);
  expect(await find(title, 'hi-IN')).toContain(translated?.code);
  expect(await find(title, 'fr')).not.toContain(translated?.code);
  expect(await find('100%_\\')).toEqual([]);
});

test('a disease answers by its code with its title in the language asked for', async () => {
  const translated = diseases.entries.find(({ translations }) => translations?.hi !== undefined);
  const query = `query ($code: String!, $of: [_Any!]!) {
    disease(code: $code) { code chapter version english: title hindi: title(language: "hi-IN")
      other: title(language: "sw") }
    missing: disease(code: "nonsense") { code }
    _entities(representations: $of) { ... on Disease { code } } }`;
  const of = [
    { __typename: 'Disease', code: translated?.code },
    { __typename: 'Disease', code: 'nonsense' },
  ];
  const answer = await graph.ask(graph.worker, query, { code: translated?.code, of });
  expect(answer.data).toEqual({
    disease: {
      code: translated?.code,
      chapter: translated?.chapter,
      version: diseases.version,
      english: translated?.title,
      hindi: translated?.translations?.hi,
      other: translated?.title,
    },
    missing: null,
    _entities: [{ code: translated?.code }, null],
  });
});

test('pages run through all diseases in the order of their codes', async () => {
  const codes: string[] = [];
  let after: string | null = null;
  do {
    const answer = await graph.ask(
      graph.worker,
      `query ($after: String) { diseases(first: 150, after: $after) {
        edges { node { code } } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    const page = answer.data?.['diseases'] as {
      edges: { node: { code: string } }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
    };
    codes.push(...page.edges.map(({ node }) => node.code));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
  expect(new Set(codes).size).toBe(diseases.entries.length);
  expect(codes).toHaveLength(diseases.entries.length);
});
