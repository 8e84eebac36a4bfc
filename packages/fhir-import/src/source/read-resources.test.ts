import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleOf, person } from '../fixtures/bundle.ts';
import { findFiles } from './find-files.ts';
import { readResources, type SourceItem } from './read-resources.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fhir-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Uint8Array): Promise<SourceItem[]> {
  const path = join(folder, name);
  await writeFile(path, content);
  const file = { path, name, bytes: Buffer.byteLength(content) };
  let bytes = 0;
  const items: SourceItem[] = [];
  for await (const item of readResources(file, (count) => (bytes += count))) items.push(item);
  if (items.every(({ issue }) => issue === undefined)) expect(bytes).toBe(file.bytes);
  return items;
}

const asha = person('1');
const two = bundleOf(asha, { ...person('2'), note: 'देवी'.repeat(100_000) });

test('a bundle, entry by entry, also where a letter spans two chunks', async () => {
  const items = await read('two.json', two);
  expect(items.map(({ path }) => path)).toEqual(['entry[0].resource', 'entry[1].resource']);
  expect(items[0]).toMatchObject({ resource: asha });
  expect(items[1]).toMatchObject({ resource: { note: 'देवी'.repeat(100_000) } });
});

test('a packed bundle, one with a byte order mark, one resource alone', async () => {
  expect(await read('two.json.gz', gzipSync(two))).toHaveLength(2);
  expect(await read('mark.json', `\uFEFF${two}\n`)).toHaveLength(2);
  expect(await read('one.json', JSON.stringify(asha, null, 2))).toEqual([
    { path: '$', resource: asha },
  ]);
});

test('NDJSON, where a bad line costs only itself', async () => {
  const lines = [JSON.stringify(asha), '{"resourceType":', '', JSON.stringify(asha)].join('\r\n');
  expect(await read('lines.ndjson', lines)).toEqual([
    { path: 'line[1]', resource: asha },
    { path: 'line[2]', issue: 'JSON_MALFORMED', lost: 'RECORD' },
    { path: 'line[4]', resource: asha },
  ]);
});

test.each([
  ['text', 'hello', 'JSON_MALFORMED'],
  ['nothing', '', 'JSON_TRUNCATED'],
  ['a cut bundle', two.slice(0, -50), 'JSON_TRUNCATED'],
  ['two bundles in one file', two + two, 'JSON_MALFORMED'],
  ['a broken packed file', gzipSync(two).subarray(0, 200), 'FILE_UNREADABLE'],
])('%s gives an issue for the file', async (what, content, issue) => {
  const name = what.includes('packed') ? 'x.json.gz' : 'x.json';
  const items = await read(name, content);
  expect(items.at(-1)).toMatchObject({ issue, lost: 'FILE' });
});

test('what stands before a mistake is read', async () => {
  const cut = JSON.stringify({
    resourceType: 'Bundle',
    entry: [{ resource: asha }, { resource: 1 }],
  });
  const [first, last] = await read('mistake.json', cut.replace('"resource":1', '"resource":,'));
  expect(first).toMatchObject({ resource: asha });
  expect(last).toMatchObject({ issue: 'JSON_MALFORMED' });
});

test('an entry without a resource is told by its place', async () => {
  const items = await read('none.json', '{"resourceType":"Bundle","entry":[{"fullUrl":"x"},7]}');
  expect(items).toEqual([
    { path: 'entry[0]', issue: 'NOT_FHIR', lost: 'RECORD' },
    { path: 'entry[1]', issue: 'NOT_FHIR', lost: 'RECORD' },
  ]);
});

test('a folder stands for its files at any depth, always in the same order', async () => {
  const found = await findFiles([folder, join(folder, 'two.json')]);
  expect(found.map(({ path }) => basename(path))).toEqual(
    [...new Set(found.map(({ path }) => basename(path)))].sort(),
  );
  await expect(findFiles([join(folder, 'nowhere')])).rejects.toMatchObject({ code: 'ENOENT' });
});
