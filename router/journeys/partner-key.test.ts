import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '@caregraph/testbed';
import manifest from '../../schema-registry/documents/0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52.json' with { type: 'json' };
import { startProcess, type RunningProcess } from './test-process.ts';

/** What an operator does so that a partner's system can come in, on a deployment of its own. */

const run = promisify(execFile);
const partnerId = '0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52';
let folder: string;
let port: number;
let started: RunningProcess;

const environment = () => ({
  CAREGRAPH_DATA: join(folder, 'data'),
  DEMO_HOUSEHOLDS: '3',
  PORT: String(port),
});

async function start(): Promise<void> {
  started = startProcess(['packages/cli/src/main.ts', 'start'], environment());
  await started.said('Stop: Ctrl-C');
}

async function stop(): Promise<void> {
  started.kill('SIGTERM');
  await started.ended;
}

function partnerKey(file: string) {
  const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
  return run(process.execPath, [main, 'identity', 'partner-key', file], {
    env: { PATH: process.env['PATH'], ...environment() },
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-partner-'));
  // Run as root, the database server has an account of its own, which must be able to pass.
  await chmod(folder, 0o755);
  port = await freePort();
  await start();
});
afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

test('a registered key opens the partner’s documents', { timeout: 120_000 }, async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'first' };
  const secret = { ...(await exportJWK(privateKey)), kid: 'first' };
  const write = async (name: string, key: object, scope: readonly string[]) => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify({ partnerId, jwks: { keys: [key] }, scope }));
    return path;
  };
  const scope = ['institution:read'];
  const refused = [
    await write('private.json', secret, scope),
    await write('too-much.json', jwk, ['institution:read', 'staff:write']),
  ];
  await stop();
  for (const file of refused) await expect(partnerKey(file)).rejects.toThrow();
  const { stdout } = await partnerKey(await write('partner.json', jwk, scope));
  expect(stdout).toContain(`Registered ${partnerId}.`);
  await start();
  const url = `http://127.0.0.1:${port}`;
  const config = await client.discovery(
    new URL(`${url}/identity`),
    partnerId,
    undefined,
    client.PrivateKeyJwt({ key: privateKey, kid: 'first' }),
    { execute: [client.allowInsecureRequests] },
  );
  const { access_token } = await client.clientCredentialsGrant(config);
  const document = manifest.operations.find(({ name }) => name === 'Institution');
  const claims = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString());
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: document?.id, variables: { id: claims.institution } }),
  });
  expect(await answer.json()).toMatchObject({
    data: { institution: { id: claims.institution, name: expect.any(String) } },
  });
});
