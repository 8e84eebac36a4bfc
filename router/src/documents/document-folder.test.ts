import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeSigningKey } from '@caregraph/access';
import { replaceFile } from '@caregraph/files';
import { createLogger } from '@caregraph/observability';
import {
  registerDocuments,
  signManifest,
  signUnsignedManifests,
  shippedDocumentsPath,
} from '@caregraph/schema-registry';
import { composeFixtures, startStack } from '../test-stack.ts';
import { documentFolder } from './document-folder.ts';
import { followDocuments, type Documents } from './document-source.ts';
import { signedDocuments } from './signed-documents.ts';

const key = await makeSigningKey();
const stranger = await makeSigningKey();

let folder: string;
let log: string[];
let stops: (() => unknown)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-documents-'));
  log = [];
  stops = [];
});
afterEach(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true });
});

const idOf = (text: string) => manifestOf([text]).manifest.operations[0]?.id ?? '';
const count = 'query Count { checkupCount }';
const ids = 'query Ids { patients { id } }';

function manifestOf(texts: readonly string[], client = 'field-app') {
  const registration = registerDocuments({
    client,
    sources: texts.map((text, index) => ({ path: `${index}.graphql`, text })),
    supergraphSdl: composeFixtures(),
  });
  if (registration.kind === 'refused') throw new Error(registration.problems.join());
  return registration;
}

async function put(
  texts: readonly string[],
  options: { client?: string; by?: typeof key; as?: string } = {},
) {
  const { client = 'field-app', by = key, as = client } = options;
  const { text } = manifestOf(texts, client);
  await placeFiles(text, await signManifest(as, Buffer.from(text), by), client);
}

/** The signature first, and either in one step: the folder is looked at while this runs. */
async function placeFiles(text: string, signature: string | undefined, client = 'field-app') {
  const path = join(folder, `${client}.json`);
  if (signature === undefined) await rm(`${path}.jws`);
  else await replaceFile(`${path}.jws`, signature, 0o644);
  await replaceFile(path, text, 0o644);
}

function source(pollMs = 5) {
  const logger = createLogger({
    service: 'test',
    level: 'debug',
    destination: { write: (line: string) => void log.push(line) },
  });
  const keys = async () => ({ keys: [key.publicJwk] });
  const place = { manifests: folder, signatures: folder };
  return documentFolder({ ...place, keys, pollMs, log: logger });
}

async function follow(): Promise<Documents> {
  const documents = await followDocuments(source());
  stops.push(documents.stop);
  return documents;
}

const signed = (text: string) => signManifest('field-app', Buffer.from(text), key);
const refusals = () => log.filter((line) => line.includes('documents refused'));

test('a signed manifest is loaded, and a later one takes its place', async () => {
  await put([count]);
  const documents = await follow();
  expect(documents.find('field-app', idOf(count))?.name).toBe('Count');
  expect(documents.find('explorer', idOf(count))).toBeUndefined();
  await put([ids]);
  await vi.waitUntil(() => documents.find('field-app', idOf(ids)), { timeout: 5_000 });
  expect(documents.find('field-app', idOf(count))).toBeUndefined();
  await put([count], { client: 'other' });
  await vi.waitUntil(() => documents.find('other', idOf(count)), { timeout: 5_000 });
  await rm(join(folder, 'other.json'));
  await vi.waitUntil(() => !documents.find('other', idOf(count)), { timeout: 5_000 });
});

test.each([
  ['by a stranger', () => put([ids], { by: stranger })],
  ["under another client's name", () => put([ids], { as: 'explorer' })],
  ['without a signature', () => placeFiles(manifestOf([ids]).text, undefined)],
  [
    'changed after signing',
    async () => placeFiles(manifestOf([count, ids]).text, await signed(manifestOf([ids]).text)),
  ],
  [
    'signed, but no manifest',
    async () => placeFiles('{"operations":[]}', await signed('{"operations":[]}')),
  ],
])(
  'a manifest %s is refused; the one before stays, and one report is written',
  async (_, change) => {
    await put([count]);
    const documents = await follow();
    await change();
    // A change of another client shows that the folder was looked at, more than once.
    for (const client of ['one', 'two']) {
      await put([count], { client });
      await vi.waitUntil(() => documents.find(client, idOf(count)), { timeout: 5_000 });
    }
    expect(documents.find('field-app', idOf(count))).toBeDefined();
    expect(documents.find('field-app', idOf(ids))).toBeUndefined();
    const before = refusals().length;
    expect(before).toBeGreaterThan(0);
    await put([ids], { client: 'three' });
    await vi.waitUntil(() => documents.find('three', idOf(ids)), { timeout: 5_000 });
    expect(refusals()).toHaveLength(before);
  },
);

test('at start one bad manifest keeps its client out, and only all bad ones the router', async () => {
  await put([count]);
  await put([count], { client: 'damaged', by: stranger });
  const documents = await follow();
  expect(documents.find('field-app', idOf(count))).toBeDefined();
  expect(documents.find('damaged', idOf(count))).toBeUndefined();
  await rm(join(folder, 'field-app.json'));
  await expect(source().load()).rejects.toThrow('no manifest');
  await rm(folder, { recursive: true });
  await expect(source().load()).rejects.toThrow('ENOENT');
  await mkdir(folder);
  expect((await source().load()).size).toBe(0);
});

test('the key file holds public keys of one kind, and nothing else', async () => {
  await put([count]);
  const keysFile = join(folder, 'keys.jwks');
  const place = { folder, keysFile };
  const logger = createLogger({
    service: 'test',
    level: 'silent',
    destination: { write: () => {} },
  });
  const load = async (keys: unknown) => {
    await writeFile(keysFile, JSON.stringify({ keys }));
    return signedDocuments(place, 1_000, logger).load();
  };
  expect((await load([stranger.publicJwk, key.publicJwk])).get('field-app')?.size).toBe(1);
  await expect(load([key.privateJwk])).rejects.toThrow('public P-256');
  await expect(load([])).rejects.toThrow('public P-256');
  await expect(load([stranger.publicJwk])).rejects.toThrow('no manifest');
});

test('what ships is signed once, and again after it changed', async () => {
  const place = { manifests: shippedDocumentsPath, signatures: join(folder, 'made', 'here'), key };
  const first = await signUnsignedManifests(place);
  expect(first).toContain('field-app');
  expect(await signUnsignedManifests(place)).toEqual([]);
  await writeFile(join(place.signatures, 'field-app.json.jws'), 'x..y');
  expect(await signUnsignedManifests(place)).toEqual(['field-app']);
  expect(await signUnsignedManifests({ ...place, key: stranger })).toEqual(first);
});

test('documents change under load without a failed request', async () => {
  await put([count]);
  const stack = await startStack({ documents: source() });
  stops.unshift(() => stack.stop());
  const token = await stack.tokens.issue({
    ...stack.subject,
    clientId: 'field-app',
    documents: 'registered',
  });
  const ask = async (id: string) => {
    const answer = await fetch(`${stack.url}/graphql?documentId=${id}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: answer.status, text: await answer.text() };
  };
  let running = true;
  const seen = new Set<string>();
  const load = Array.from({ length: 2 }, async () => {
    while (running) seen.add(JSON.stringify(await ask(idOf(count))));
  });
  for (let round = 0; round < 3; round += 1) {
    const texts = [count, ...(round % 2 === 0 ? [ids] : [])];
    await put(texts);
    await utimes(join(folder, 'field-app.json'), round, round);
    await vi.waitUntil(async () => ((await ask(idOf(ids))).status === 200) === (round % 2 === 0), {
      timeout: 5_000,
    });
  }
  running = false;
  await Promise.all(load);
  expect([...seen]).toEqual([JSON.stringify({ status: 200, text: '{"data":{"checkupCount":3}}' })]);
}, 60_000);
