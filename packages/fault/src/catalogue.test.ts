import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultCatalogue, problemCatalogue } from './index.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** The rows of the table under a heading, cell by cell. */
function table(heading: string): string[][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  const rows = own.split('\n').filter((line) => /^\| [A-Z_]+ +\|/.test(line));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** All source of the product, without tests and without the catalogues themselves. */
const source = globSync('{packages,subgraphs}/*/src/**/*.ts', { cwd: root })
  .concat(globSync('{router,schema-registry,identity}/src/**/*.ts', { cwd: root }))
  .filter((path) => !/\.test\.ts$|\/test-[^/]*\.ts$|^packages\/fault\//.test(path))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n');

const isUsed = (code: string) => new RegExp(`['".]${code}\\b`).test(source);

test('the page has every fault, with its status, and no other', () => {
  const documented = table('Faults').map(([code, status]) => [code, Number(status)]);
  const known = Object.entries(faultCatalogue).map(([code, { status }]) => [code, status]);
  expect(documented).toEqual(known);
});

test('the page has every problem and no other', () => {
  const documented = table('Problems').map(([code]) => code);
  expect(documented).toEqual(Object.keys(problemCatalogue));
});

test('every row says what it means and what to do', () => {
  const cells = [...table('Faults'), ...table('Problems')].flat();
  expect(cells.filter((cell) => cell === '')).toEqual([]);
});

test('every code that the product writes down is in a catalogue', () => {
  const written = source.matchAll(/(?:new Fault|rejected|problem)\(\s*'([A-Z_]+)'/g);
  const codes = new Set([...written].map((match) => match[1] ?? ''));
  const known = new Set([...Object.keys(faultCatalogue), ...Object.keys(problemCatalogue)]);
  expect(codes.size).toBeGreaterThan(20);
  expect([...codes].filter((code) => !known.has(code))).toEqual([]);
});

/** Apollo Server answers with it by itself when persisted queries are off. */
const madeByLibraries = ['PERSISTED_QUERY_NOT_SUPPORTED'];

test('no code stands in a catalogue for nothing', () => {
  const codes = [...Object.keys(faultCatalogue), ...Object.keys(problemCatalogue)];
  const unused = [...new Set(codes)].filter((code) => !isUsed(code));
  expect(unused).toEqual(madeByLibraries);
});
