import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { actorFromClaims } from '../actor.ts';
import { createRevocationList } from '../revocation/revocation-list.ts';
import { makeSigningKey } from '../token/issue-token.ts';
import { connectBreakGlass } from './connect-break-glass.ts';

const ids = createIdSource(clock);
let folder: string;
const fileOf = (name: string) => join(folder, name);
const write = (name: string, value: unknown) => writeFile(fileOf(name), JSON.stringify(value));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-grants-'));
  const { privateJwk, publicJwk } = await makeSigningKey();
  await write('key.json', privateJwk);
  await write('public.json', publicJwk);
  await write('set.json', { keys: [publicJwk] });
});
afterAll(() => rm(folder, { recursive: true }));

function connect(keyFile: string | undefined) {
  const revocations = createRevocationList(clock);
  const revoke = async (one: Parameters<typeof revocations.add>[0]) => revocations.add(one);
  return connectBreakGlass({
    keyFile: keyFile && fileOf(keyFile),
    keysUrl: pathToFileURL(fileOf('set.json')),
    clock,
    access: { revocations, revoke },
  });
}

const nowS = () => Math.floor(clock.now().getTime() / 1_000);
const actor = actorFromClaims({
  ...{ sub: ids.next(), client_id: 'ward-app', jti: ids.next(), roles: ['clinician'] },
  ...{ iat: nowS(), exp: nowS() + 600, institution: ids.next(), areas: [] },
  purposes: ['treatment'],
});

test('what one process signs the others take, until it is closed', async () => {
  const grant = {
    ...{ grantId: ids.next(), actorId: actor.id, patientId: ids.next() },
    ...{ purpose: 'treatment' as const, reason: 'EMERGENCY' as const },
    ...{ issuedAt: nowS(), expiresAt: nowS() + 60 },
  };
  const [signing, verifying] = await Promise.all([connect('key.json'), connect(undefined)]);
  const text = (await signing.issuer?.sign(grant)) ?? '';
  expect(await verifying.verifier.verify(text, actor)).toEqual(grant);
  expect(verifying.issuer).toBeUndefined();
  await verifying.close(ids.next());
  expect(await verifying.verifier.verify(text, actor)).toEqual(grant);
  await verifying.close(grant.grantId);
  await expect(verifying.verifier.verify(text, actor)).rejects.toMatchObject({
    code: 'BREAK_GLASS_REFUSED',
    details: { reason: 'CLOSED' },
  });
});

test('a file without a private key stops the start, and is not quoted', async () => {
  await writeFile(fileOf('broken.json'), '{"d":"c2VjcmV0');
  for (const name of ['public.json', 'set.json', 'broken.json']) {
    await expect(connect(name)).rejects.toThrow(
      /^BREAK_GLASS_KEY_FILE holds no private P-256 JWK$/,
    );
  }
  await expect(connect('missing.json')).rejects.toThrow('ENOENT');
});
