import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSigningKey } from '@caregraph/access';
import { generateDistrict } from '@caregraph/factory';
import {
  checkDocuments,
  hasValidSignature,
  listManifests,
  loadSupergraph,
  shippedDocumentsPath,
} from '@caregraph/schema-registry';
import { createDocumentAssessor } from '@caregraph/router';
import { list, register } from './register.ts';
import { readSigningKey } from './signing-key.ts';

const key = await makeSigningKey();

let folder: string;
let said: string[];
const say = (line: string) => void said.push(line);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-registry-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const registry = () => ({ manifests: folder, signatures: folder, key: async () => key });

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const me = 'query Me { me { id name } }';

test('documents are registered, signed, listed, and what changes is said', async () => {
  const files = [await file('me.graphql', me)];
  const wish = { client: 'field-app', files, check: false };
  expect(await register(registry(), { ...wish, check: true }, say)).toBe(false);
  expect(await readdir(folder)).toEqual(['me.graphql']);
  expect(await register(registry(), wish, say)).toBe(true);
  expect(said.join('\n')).toMatch(/added +Me, costs at most \d+/);

  const bytes = await readFile(join(folder, 'field-app.json'));
  const signature = await readFile(join(folder, 'field-app.json.jws'), 'utf8');
  const keys = { keys: [key.publicJwk] };
  expect(await hasValidSignature('field-app', bytes, signature, keys)).toBe(true);
  expect(await register(registry(), { ...wish, check: true }, say)).toBe(true);
  expect(await list(registry(), undefined, say)).toBe(true);
  expect(said.at(-1)).toMatch(/^ {2}[0-9a-f]{64} {2}query {5}GET, POST {2}Me$/);
  expect(await list(registry(), 'other', say)).toBe(false);

  await file('me.graphql', 'query Me { me { id } }');
  expect(await register(registry(), { ...wish, check: true }, say)).toBe(false);
  expect(said.join('\n')).toContain('breaking  Me: does not answer me.name any more');
  expect(await readFile(join(folder, 'field-app.json'))).toEqual(bytes);
});

test('what is refused leaves everything as it is', async () => {
  const files = [await file('wrong.graphql', 'query Q { nothing }')];
  expect(await register(registry(), { client: 'field-app', files, check: false }, say)).toBe(false);
  expect(await register(registry(), { client: '../field-app', files, check: false }, say)).toBe(
    false,
  );
  expect(said.every((line) => line.startsWith('refused'))).toBe(true);
  expect(await readdir(folder)).toEqual(['wrong.graphql']);
});

test('a document that may cost too much is refused with its cost', async () => {
  const page = 'first: 200) { edges { node { id } } }';
  const nested = `query Dear { patients(first: 200) { edges { node { checkups(${page} tasks(${page} referrals(${page} } } } }`;
  const files = [await file('dear.graphql', nested)];
  expect(await register(registry(), { client: 'field-app', files, check: false }, say)).toBe(false);
  expect(said.join('\n')).toMatch(/costs up to \d{5,}/);
});

test('a key that others may read, or that is none, signs nothing', async () => {
  const path = await file('key.json', JSON.stringify(key.privateJwk));
  await chmod(path, 0o600);
  expect((await readSigningKey(path)).keyId).toBe(key.keyId);
  await chmod(path, 0o644);
  await expect(readSigningKey(path)).rejects.toThrow('chmod 600');
  const publicOnly = await file('public.json', JSON.stringify(key.publicJwk));
  await chmod(publicOnly, 0o600);
  await expect(readSigningKey(publicOnly)).rejects.toThrow('private P-256');
});

test('what ships is what its sources make, within the limits, for the demo partner too', async () => {
  const supergraphSdl = await loadSupergraph();
  const assess = createDocumentAssessor(supergraphSdl);
  expect(await checkDocuments(shippedDocumentsPath, supergraphSdl, assess)).toEqual([]);
  const { staff } = generateDistrict({ seed: 'any', today: '2026-03-01' });
  expect(await listManifests(shippedDocumentsPath)).toEqual([staff.partner.id, 'field-app']);
});
