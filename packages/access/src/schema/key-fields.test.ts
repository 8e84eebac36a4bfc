import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { accessProblems } from './access-problems.ts';
import { accessRulesOf } from './access-rules.ts';

const directives = `directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT
  directive @join__type(graph: String, key: String) repeatable on OBJECT
  directive @authenticated on OBJECT | FIELD_DEFINITION`;

function problems(types: string): string[] {
  const sdl = `${directives} type Query { ward: Ward @authenticated } ${types}`;
  return accessProblems(buildSchema(sdl), accessRulesOf(parse(sdl)));
}

const problem = (coordinate: string) => `${coordinate}: an access directive on a field of a key`;

test.each([
  ['a key', '@key(fields: "id")', ['Ward.id']],
  ['a key of a supergraph', '@join__type(graph: A, key: "id")', ['Ward.id']],
  ['a key that resolves nothing', '@key(fields: "id", resolvable: false)', ['Ward.id']],
  ['one of two keys', '@key(fields: "name") @key(fields: "id name")', ['Ward.id']],
  ['a key within', '@key(fields: "name site { code }")', ['Site.code']],
])('%s asks for nothing itself', (_what, keys, coordinates) => {
  const types = `type Ward ${keys} @authenticated { id: ID @authenticated name: String site: Site
      free: Int @authenticated }
    type Site @authenticated { code: ID @authenticated }`;
  expect(problems(types)).toEqual(coordinates.map(problem));
});

test('an extension may name the key', () => {
  const types = `type Ward @authenticated { id: ID @authenticated } extend type Ward @key(fields: "id")`;
  expect(problems(types)).toEqual([problem('Ward.id')]);
});

test('what is no key may ask', () => {
  const types = 'type Ward @key(fields: "id") @authenticated { id: ID name: ID @authenticated }';
  expect(problems(types)).toEqual([]);
});
