import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryRoot } from './repository.ts';

/** One file a line: where it is and what it imports, and the rule that must refuse it (or none). */
const cases: readonly [file: string, imports: string, rule: string | undefined][] = [
  ['subgraphs/patient/src/a.ts', '../../clinical/src/visit/index.ts', 'subgraphs-apart'],
  ['subgraphs/patient/src/b.ts', '../../../router/src/index.ts', 'subgraphs-apart'],
  ['packages/access/src/a.ts', '../../../subgraphs/clinical/src/visit/index.ts', 'packages-below'],
  ['packages/cli/src/a.ts', '../../../subgraphs/clinical/src/visit/index.ts', undefined],
  ['router/src/a.ts', '../../subgraphs/clinical/src/visit/index.ts', 'router-outside'],
  ['router/journeys/a.test.ts', '../../subgraphs/clinical/src/visit/index.ts', undefined],
  ['subgraphs/clinical/src/visit/a.store.ts', './visit.service.ts', 'store-is-last'],
  ['subgraphs/clinical/src/visit/a.service.ts', './visit.resolver.ts', 'service-before-store'],
  ['subgraphs/clinical/src/visit/a.resolver.ts', './visit.service.ts', undefined],
  ['subgraphs/clinical/src/visit/b.service.ts', '../../generated/prisma/c.ts', 'prisma-in-stores'],
  ['subgraphs/clinical/src/visit/b.store.ts', '../../generated/prisma/c.ts', undefined],
  ['subgraphs/clinical/src/visit/b.projection.ts', '../../generated/prisma/c.ts', undefined],
  ['subgraphs/clinical/src/client.ts', '../generated/prisma/c.ts', undefined],
  ['subgraphs/clinical/src/task/a.ts', '../visit/visit.service.ts', 'concept-by-index'],
  ['subgraphs/clinical/src/task/b.ts', '../visit/index.ts', undefined],
  ['subgraphs/clinical/src/task/loop.ts', './loop-back.ts', 'no-cycles'],
  ['subgraphs/clinical/src/task/types.ts', './types-back.ts', undefined],
  ['subgraphs/clinical/src/task/lost.ts', './nowhere.ts', 'resolvable'],
  ['router/src/b.ts', './b.test.ts', 'tests-not-imported'],
  ['router/src/access/gate.ts', '@apollo/gateway', 'gateway-guarded'],
  ['router/src/graphql/gate.ts', '@apollo/gateway', 'gateway-guarded'],
  ['packages/deployment/src/gate.ts', '@apollo/gateway/dist/index.js', 'gateway-guarded'],
  ['router/src/access/guarded-gateway.ts', '@apollo/gateway', undefined],
];

const targets: Readonly<Record<string, string>> = {
  'subgraphs/clinical/src/visit/index.ts': '',
  'subgraphs/clinical/src/visit/visit.service.ts': '',
  'subgraphs/clinical/src/visit/visit.resolver.ts': '',
  'subgraphs/clinical/src/task/loop-back.ts': "import { x } from './loop.ts'; x;",
  'subgraphs/clinical/src/task/types-back.ts':
    "import type { x as t } from './types.ts'; export type T = typeof t;",
  'subgraphs/clinical/generated/prisma/c.ts': '',
  'router/src/index.ts': '',
  'router/src/b.test.ts': '',
  'node_modules/@apollo/gateway/dist/index.js': '',
};

let root: string;
type Violation = { from: string; rule: { name: string }; cycle?: { name: string }[] };
let violations: Violation[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'caregraph-boundaries-'));
  for (const [file, text] of Object.entries(targets)) write(file, `${text}\nexport const x = 1;\n`);
  for (const [file, path] of cases) write(file, `import { x } from '${path}';\nexport { x };\n`);
  // As it is packed: an exclusion of our own dist/ must not hide it.
  write('node_modules/@apollo/gateway/package.json', '{ "main": "dist/index.js" }');
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json']) {
    copyFileSync(join(repositoryRoot, file), join(root, file));
  }
  const bin = join(repositoryRoot, 'node_modules/.bin/depcruise');
  const args = ['--config', '.dependency-cruiser.cjs', '-T', 'json'];
  const folders = ['packages', 'subgraphs', 'router'];
  const { stdout } = spawnSync(bin, [...args, ...folders], { cwd: root, encoding: 'utf8' });
  violations = JSON.parse(stdout).summary.violations;
});
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it.each(cases)('%s importing %s: %s', (file, _imports, rule) => {
  const refusals = violations
    .filter(({ from, cycle }) => from === file || cycle?.some(({ name }) => name === file))
    .map((violation) => violation.rule.name);
  expect(refusals).toEqual(rule === undefined ? [] : [rule]);
});
