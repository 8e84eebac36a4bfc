import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { directiveName } from './linked-directive.ts';

const specification = 'https://specs.apollo.dev/cost';
const nameIn = (link: string, name: string) =>
  directiveName(parse(`schema ${link} { query: Query }`), specification, name);

test.each([
  ['@link(url: "https://specs.apollo.dev/cost/v0.1")', 'cost', 'cost'],
  ['@link(url: "https://specs.apollo.dev/cost/v0.1")', 'listSize', 'cost__listSize'],
  ['@link(url: "https://specs.apollo.dev/cost/v0.1", as: "price")', 'cost', 'price__cost'],
  [
    '@link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])',
    'listSize',
    'listSize',
  ],
  [
    '@link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@cost", as: "@weight" }])',
    'cost',
    'weight',
  ],
  ['@link(url: "https://specs.apollo.dev/join/v0.5")', 'cost', undefined],
  ['', 'cost', undefined],
])('%s: @%s is written %s', (link, name, expected) => {
  expect(nameIn(link, name)).toBe(expected);
});
