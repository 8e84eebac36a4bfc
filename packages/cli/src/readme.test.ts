import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from './repository.ts';

/** Every file in which a process reads its environment. */
const configurations = [
  'router/src/config.ts',
  'packages/network/src/network-config.ts',
  'router/src/limits/limits-config.ts',
  'identity/src/config.ts',
  'packages/subgraph/src/server/config.ts',
  'packages/cli/src/config.ts',
];
const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');

test.each(configurations)('README names every variable of %s', (file) => {
  const text = readFileSync(join(repositoryRoot, file), 'utf8');
  const variables = [...text.matchAll(/^\s+([A-Z][A-Z0-9_]{2,}):/gm)].map(([, name]) => name);
  expect(variables.length).toBeGreaterThan(5);
  const missing = variables.filter((name) => !readme.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
