import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Supergraph } from '@apollo/federation-internals';
import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { roles } from '@caregraph/access';
import { publishedSupergraphPath } from '@caregraph/schema-registry';

const folder = join(import.meta.dirname, 'examples');
const examples = readdirSync(folder).map((file) => ({
  file,
  text: readFileSync(join(folder, file), 'utf8'),
}));

describe('saved examples', () => {
  const schema = () =>
    Supergraph.build(readFileSync(publishedSupergraphPath, 'utf8'), { supportedFeatures: null })
      .apiSchema()
      .toGraphQLJSSchema();

  test.each(examples)('$file fits the published schema', ({ text }) => {
    expect(validate(schema(), parse(text)).map(({ message }) => message)).toEqual([]);
  });
});

test.each(examples)('$file has a title and belongs to a role', ({ file, text }) => {
  expect(text).toMatch(/^# \S/);
  expect([...roles, 'everyone']).toContain(file.split('.')[0]);
});
