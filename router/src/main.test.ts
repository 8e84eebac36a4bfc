import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSigningKey, createTokenIssuer } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { composeFixtures, patientSdl } from './test-stack.ts';

/** The router as its own process: what the full profile runs. */

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-router-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function start(env: Record<string, string>) {
  const key = await makeSigningKey();
  const keyFile = join(folder, 'keys.json');
  await writeFile(keyFile, JSON.stringify({ keys: [key.publicJwk] }));
  const supergraphFile = join(folder, 'supergraph.graphql');
  await writeFile(supergraphFile, composeFixtures());
  const started = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
    env: {
      PATH: process.env['PATH'] ?? '',
      TOKEN_ISSUER: 'https://identity.test',
      TOKEN_AUDIENCE: 'caregraph',
      JWKS_URL: pathToFileURL(keyFile).href,
      GRAPH_URL: 'https://graph.test/graphql',
      ROUTER_CONTEXT_KEY: Buffer.alloc(32, 3).toString('base64'),
      SUBGRAPH_URLS: 'patient=http://127.0.0.1:1/graphql,clinical=http://127.0.0.1:1/graphql',
      SUPERGRAPH_FILE: supergraphFile,
      SUPERGRAPH_POLL_MS: '20',
      ...env,
    },
  });
  child = started;
  let output = '';
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
  const token = await createTokenIssuer({
    key,
    issuer: 'https://identity.test',
    audience: 'caregraph',
    clientId: 'test',
    documents: 'free',
    clock: systemClock,
    ids: createIdSource(systemClock),
  }).issue({
    id: 'x',
    roles: ['clinician'],
    institutionId: createIdSource(systemClock).next(),
    areaRoots: [],
    purposes: ['treatment'],
  });
  return { output: () => output, ended, token, supergraphFile, child: started };
}

test('starts, follows the supergraph file, and stops on SIGTERM', { timeout: 30_000 }, async () => {
  const port = await freePort();
  const router = await start({ PORT: String(port) });
  await expect.poll(router.output, { timeout: 20_000 }).toContain('"listening"');
  const ask = async (query: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${router.token}` },
      body: JSON.stringify({ query }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  expect((await ask('{ patients { id } }')).text).toContain('SUBGRAPH_UNAVAILABLE');
  expect((await ask('{ visit }')).status).toBe(400);
  await writeFile(router.supergraphFile, 'type Query {');
  await expect.poll(router.output, { timeout: 5_000 }).toContain('supergraph refused');
  await writeFile(
    router.supergraphFile,
    composeFixtures(patientSdl.replace('broken: String', 'broken: String, visit: String')),
  );
  await expect.poll(async () => (await ask('{ visit }')).status, { timeout: 5_000 }).toBe(200);
  router.child.kill('SIGTERM');
  expect(await router.ended).toBe(0);
});

test('a taken port and a missing variable are said in one line', { timeout: 30_000 }, async () => {
  const port = await freePort();
  const holder = createServer().listen(port, '127.0.0.1');
  const router = await start({ PORT: String(port) });
  expect(await router.ended).toBe(1);
  expect(router.output()).toContain(`PORT_TAKEN: port ${port} on 127.0.0.1`);
  expect(router.output()).not.toContain('    at ');
  await new Promise((resolve) => holder.close(resolve));
  const bare = await start({ TOKEN_ISSUER: '' });
  expect(await bare.ended).toBe(1);
  expect(bare.output()).toContain('TOKEN_ISSUER');
});
