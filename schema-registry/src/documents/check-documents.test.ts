import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { composeSupergraph } from '../compose-supergraph.ts';
import { checkDocuments } from './check-documents.ts';
import { registerDocuments } from './register-documents.ts';

const text = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
type Query { one: Int, two: Int }`;
const composition = composeSupergraph([
  { name: 'a', url: 'http://a', typeDefs: [{ path: 'a.graphql', text }] },
]);
const supergraphSdl = composition.kind === 'composed' ? composition.supergraphSdl : '';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-documents-'));
  await mkdir(join(folder, 'app'));
  await write('app/one.graphql', 'query One { one }');
  await write('app.json', manifestOf('query One { one }'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, content: string) => writeFile(join(folder, path), content);
const check = () => checkDocuments(folder, supergraphSdl);

function manifestOf(document: string): string {
  const sources = [{ path: 'one.graphql', text: document }];
  const registration = registerDocuments({ client: 'app', sources, supergraphSdl });
  return registration.kind === 'registered' ? registration.text : '';
}

test('a manifest that is what its sources make passes', async () => {
  expect(await check()).toEqual([]);
});

test('a source that changed, came or does not fit any more is found', async () => {
  await write('app/one.graphql', 'query One { one two }');
  expect(await check()).toEqual(['app.json is not what its sources make']);
  await write('app/one.graphql', 'query One { three }');
  expect((await check()).join()).toContain('Cannot query field "three"');
  await write('app/one.graphql', 'query One { one }');
  await write('app/two.graphql', 'query Two { two }');
  expect(await check()).toEqual(['app.json is not what its sources make']);
});

test('a manifest without sources, sources without a manifest, and a damaged one are found', async () => {
  await write('other.json', manifestOf('query One { one }'));
  expect((await check()).join()).toContain('other.json has no sources');
  await write('app.json', '{');
  expect((await check()).join()).toContain('not JSON');
  await rm(join(folder, 'app.json'));
  expect((await check()).join()).toContain('app.json is not what its sources make');
});
