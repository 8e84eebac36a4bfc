import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { fixedClock } from '@caregraph/clock';
import { makeCertificate } from '@caregraph/testbed/network';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KeyServiceError } from '../key-service-error.ts';
import type { KeyService } from '../key-service.ts';
import { startVaultStub, type VaultStub } from './test-vault-stub.ts';
import type { VaultTransitOptions } from './transit-key.ts';
import { createVaultTransitService } from './vault-transit-service.ts';

const context = 'caregraph/patient/partition/1';
const request = { key: randomBytes(32), context };

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function start(
  options: Partial<VaultTransitOptions> = {},
  stubOptions: Parameters<typeof startVaultStub>[0] = {},
) {
  const stub = await startVaultStub(stubOptions);
  const pauses: number[] = [];
  const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
  const service = createVaultTransitService({
    address: stub.address,
    mount: 'transit',
    key: 'caregraph',
    auth: { method: 'token', token: stub.rootToken },
    timeoutMs: 5_000,
    clock,
    wait: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
    ...options,
  });
  ending.push(async () => {
    await service.close();
    await stub.stop();
    expect(stub.violations).toEqual([]);
  });
  return { stub, service, pauses, clock };
}

async function secretFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'caregraph-vault-'));
  ending.push(() => rm(directory, { recursive: true }));
  const path = join(directory, 'secret');
  await writeFile(path, text);
  return path;
}

/** Made after the stub, whose ids it needs. */
async function startSignedIn(
  authOf: (stub: VaultStub) => Promise<VaultTransitOptions['auth']>,
  options: Partial<VaultTransitOptions> = {},
) {
  const stub = await startVaultStub();
  const auth = await authOf(stub);
  const started = await start({ ...options, address: stub.address, auth });
  ending.push(async () => {
    await stub.stop();
    expect(stub.violations).toEqual([]);
  });
  return { ...started, stub };
}

const appRole = async (stub: VaultStub) => ({
  method: 'approle' as const,
  roleId: stub.roleId,
  secretIdFile: await secretFile(`${stub.secretId}\n`),
});

const code = (name: KeyServiceError['code'], explanation: RegExp) =>
  expect.objectContaining({ code: name, message: expect.stringMatching(explanation) as string });

const wrapOne = async (service: KeyService) => {
  const [wrapped] = await service.wrapMany([request]);
  if (wrapped === undefined) throw new Error('nothing was wrapped');
  return { ...wrapped, context };
};

const logins = (stub: VaultStub) => stub.asked.filter((line) => line.endsWith('/login')).length;

describe('what Vault does not serve now is tried again, and then said', () => {
  it.each<[string, (stub: VaultStub) => void]>([
    ['throttled', (stub) => (stub.trouble.throttled = 2)],
    ['failing', (stub) => (stub.trouble.failing = 2)],
    ['standing by', (stub) => Object.assign(stub.trouble, { failing: 2, status: 473 })],
    ['behind', (stub) => Object.assign(stub.trouble, { failing: 2, status: 412 })],
    ['not forwarding', (stub) => Object.assign(stub.trouble, { failing: 2, status: 307 })],
    ['cut off', (stub) => (stub.trouble.cutOff = 2)],
  ])('%s twice', async (_name, trouble) => {
    const { stub, service, pauses } = await start();
    await service.currentVersion();
    trouble(stub);
    expect((await wrapOne(service)).kekVersion).toBe(1);
    expect(pauses).toHaveLength(2);
    expect(pauses[1]).toBeGreaterThan(pauses[0] ?? 0);
  });

  it.each<[string, (stub: VaultStub) => void, RegExp]>([
    ['sealed', (stub) => (stub.trouble.sealed = true), /sealed/],
    ['throttled', (stub) => (stub.trouble.throttled = 99), /throttling/],
    ['failing', (stub) => (stub.trouble.failing = 99), /500/],
    ['cut off', (stub) => (stub.trouble.cutOff = 99), /ECONNRESET/],
  ])('%s for good', async (_name, trouble, explanation) => {
    const { stub, service, pauses } = await start();
    const wrapped = await wrapOne(service);
    trouble(stub);
    const before = stub.asked.length;
    for (const work of [
      () => service.wrapMany([request]),
      () => service.unwrapMany([wrapped]),
      () => service.rewrapMany([wrapped]),
      () => service.currentVersion(),
    ]) {
      await expect(work()).rejects.toEqual(code('KEY_SERVICE_UNAVAILABLE', explanation));
    }
    expect(stub.asked.length - before).toBe(12);
    expect(pauses).toHaveLength(8);
  });

  it('waits as long as Vault asks, within reason', async () => {
    const { stub, service, pauses } = await start();
    Object.assign(stub.trouble, { throttled: 1, retryAfterSeconds: 1 });
    await service.currentVersion();
    Object.assign(stub.trouble, { throttled: 1, retryAfterSeconds: 86_400 });
    await service.currentVersion();
    expect(pauses).toEqual([1000, 2000]);
  });

  it.each(['silent', 'stalled'] as const)('a Vault that is %s is given up', async (trouble) => {
    const { stub, service, pauses } = await start({ timeoutMs: 150 });
    stub.trouble[trouble] = 99;
    const work = service.wrapMany([request]);
    await expect(work).rejects.toEqual(code('KEY_SERVICE_UNAVAILABLE', /within 150 ms/));
    expect(pauses).toHaveLength(2);
  });

  it('a Vault that is not there', async () => {
    const { service } = await start({ address: 'http://127.0.0.1:1' });
    await expect(service.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_UNAVAILABLE', /ECONNREFUSED/),
    );
  });

  it('making a version is never tried twice', async () => {
    const { stub, service, pauses } = await start();
    Object.assign(stub.trouble, { failing: 1, failingPath: '/rotate' });
    await expect(service.rotate()).rejects.toMatchObject({ code: 'KEY_SERVICE_UNAVAILABLE' });
    expect(stub.asked.filter((line) => line.endsWith('/rotate'))).toHaveLength(1);
    expect([stub.key.newest, pauses.length]).toEqual([1, 0]);
  });
});

describe('what is wrong with the setting up is said, and not tried again', () => {
  it.each<[string, Partial<VaultTransitOptions>, KeyServiceError['code'], RegExp]>([
    ['another mount', { mount: 'elsewhere' }, 'KEY_SERVICE_MISCONFIGURED', /404.*no such mount/],
    ['another key', { key: 'elsewhere' }, 'KEY_SERVICE_MISCONFIGURED', /404/],
    ['another namespace', { namespace: 'other' }, 'KEY_SERVICE_DENIED', /403/],
    ['another token', { auth: { method: 'token', token: 'hvs.x' } }, 'KEY_SERVICE_DENIED', /403/],
    [
      'a file that is not there',
      { auth: { method: 'token', tokenFile: '/nonexistent/token' } },
      'KEY_SERVICE_MISCONFIGURED',
      /nonexistent/,
    ],
  ])('%s', async (_name, options, name, explanation) => {
    const { service, pauses } = await start(options);
    await expect(service.wrapMany([request])).rejects.toEqual(code(name, explanation));
    await expect(service.currentVersion()).rejects.toEqual(code(name, explanation));
    expect(pauses).toEqual([]);
  });

  it.each([
    [{ derived: false }, /derived=true/],
    [{ type: 'rsa-4096' }, /aes256-gcm96/],
    [{ exportable: true }, /exported/],
  ])('a key that is %j is not used', async (state, explanation) => {
    const { stub, service } = await start();
    Object.assign(stub.key, state);
    await expect(service.wrapMany([request])).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', explanation),
    );
    expect(stub.asked.some((line) => line.includes('/encrypt/'))).toBe(false);
  });

  it('a redirect is not followed, so that the token stays here', async () => {
    const { stub, service } = await start();
    stub.trouble.redirected = 1;
    await expect(service.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /redirects \(302\)/),
    );
  });

  it.each(['http://vault.example.org:8200', 'ftp://127.0.0.1', 'vault'])(
    '%s is no address for keys',
    (address) => {
      const auth = { method: 'token', token: 't' } as const;
      const options = { address, mount: 'transit', key: 'caregraph', auth, timeoutMs: 1 };
      expect(() => createVaultTransitService(options)).toThrow(TypeError);
    },
  );
});

describe('answers are not believed as they come', () => {
  it.each<[string, (results: { ciphertext?: string }[]) => unknown]>([
    ['too few', (results) => results.slice(1)],
    ['too many', (results) => [...results, ...results]],
    ['no list', () => ({})],
    ['without ciphertext', (results) => results.map(() => ({}))],
    ['with another prefix', (results) => results.map(() => ({ ciphertext: 'vault:x:AAAA' }))],
    ['with an error', (results) => results.map(() => ({ error: 'cannot' }))],
  ])('%s results of wrapping', async (_name, mangle) => {
    const { stub, service } = await start();
    stub.trouble.mangle = mangle;
    await expect(service.wrapMany([request, request])).rejects.toMatchObject({
      code: 'KEY_SERVICE_ANSWER_INVALID',
    });
  });

  it.each<[string, (results: { plaintext?: string }[]) => unknown]>([
    ['too few', (results) => results.slice(1)],
    ['too many', (results) => [...results, ...results]],
    ['without plaintext', (results) => results.map(() => ({}))],
    ['of a short key', (results) => results.map(() => ({ plaintext: 'AAAA' }))],
    ['that are not base64', (r) => r.map(({ plaintext = '' }) => ({ plaintext: `${plaintext}!` }))],
  ])('%s results of unwrapping', async (_name, mangle) => {
    const { stub, service } = await start();
    const wrapped = await wrapOne(service);
    stub.trouble.mangle = mangle;
    await expect(service.unwrapMany([wrapped, wrapped])).rejects.toMatchObject({
      code: 'KEY_SERVICE_ANSWER_INVALID',
    });
  });

  it('a rewrap to an older version', async () => {
    const { stub, service } = await start();
    await service.rotate();
    const wrapped = await wrapOne(service);
    const older = (text: string | undefined) => text?.replace('v2', 'v1') ?? '';
    stub.trouble.mangle = (results) =>
      results.map(({ ciphertext }) => ({ ciphertext: older(ciphertext) }));
    await expect(service.rewrapMany([wrapped])).rejects.toMatchObject({
      code: 'KEY_SERVICE_ANSWER_INVALID',
    });
  });

  it('truncated JSON, which is not quoted', async () => {
    const { stub, service } = await start();
    const wrapped = await wrapOne(service);
    stub.trouble.truncated = 1;
    const fault: unknown = await service.unwrapMany([wrapped]).catch((error: unknown) => error);
    expect(fault).toEqual(code('KEY_SERVICE_ANSWER_INVALID', /cut off/));
    const shown = inspect(fault, { depth: Infinity, showHidden: true, maxStringLength: null });
    expect(shown).not.toContain(request.key.toString('base64'));
    expect(shown).not.toContain(stub.rootToken);
  });
});

describe('signing in', () => {
  it('by AppRole, once for many calls at once', async () => {
    const { stub, service } = await startSignedIn(appRole);
    await Promise.all(Array.from({ length: 10 }, () => service.currentVersion()));
    expect(logins(stub)).toBe(1);
  });

  it('by Kubernetes, with the token file as it is then', async () => {
    let path = '';
    const { stub, service } = await startSignedIn(async () => {
      path = await secretFile('stale');
      return { method: 'kubernetes', role: 'caregraph', tokenFile: path };
    });
    await expect(service.currentVersion()).rejects.toMatchObject({ code: 'KEY_SERVICE_DENIED' });
    await writeFile(path, stub.jwt);
    expect(await service.currentVersion()).toBe(1);
  });

  it('by a token file that an agent replaces', async () => {
    let path = '';
    const { stub, service, clock } = await startSignedIn(async ({ rootToken }) => {
      path = await secretFile(rootToken);
      return { method: 'token', tokenFile: path };
    });
    await service.currentVersion();
    stub.revokeAll();
    stub.tokens.add('hvs.next');
    await writeFile(path, 'hvs.next\n');
    clock.advance(60_000);
    expect(await service.currentVersion()).toBe(1);
  });

  it('is denied with a wrong secret id, which is not shown', async () => {
    const { service } = await startSignedIn(async ({ roleId }) => ({
      method: 'approle',
      roleId,
      secretIdFile: await secretFile('wrong-secret-id'),
    }));
    const fault: unknown = await service.currentVersion().catch((error: unknown) => error);
    expect(fault).toEqual(code('KEY_SERVICE_DENIED', /auth\/approle/));
    expect(inspect(fault, { depth: Infinity, showHidden: true })).not.toContain('wrong-secret-id');
  });

  it('again when the lease was revoked, and the call does not fail', async () => {
    const { stub, service, clock } = await startSignedIn(appRole);
    await service.currentVersion();
    stub.revokeAll();
    clock.advance(60_000);
    // Nobody gets a new token before all have been denied the old one.
    stub.trouble.beforeLogin = () =>
      vi.waitFor(() => expect(stub.asked.length).toBeGreaterThan(before + 10), { timeout: 20_000 });
    const before = stub.asked.length;
    await Promise.all(Array.from({ length: 10 }, () => service.currentVersion()));
    expect(logins(stub)).toBe(2);
  });

  it('again before a call when the lease has ended', async () => {
    const { stub, service, clock } = await startSignedIn(appRole);
    await service.currentVersion();
    clock.advance(3_600_000);
    await service.currentVersion();
    expect(logins(stub)).toBe(2);
  });

  it('is not repeated for each call that is denied', async () => {
    const { stub, service, clock } = await startSignedIn(appRole);
    await service.currentVersion();
    stub.trouble.forbidden = true;
    clock.advance(60_000);
    for (let count = 0; count < 5; count += 1) {
      await expect(service.currentVersion()).rejects.toMatchObject({ code: 'KEY_SERVICE_DENIED' });
    }
    expect(logins(stub)).toBe(2);
  });

  it('is renewed in the background before the lease ends', async () => {
    const { stub, service } = await startSignedIn(appRole);
    stub.lease.seconds = 1;
    await service.currentVersion();
    const renewals = () => stub.asked.filter((line) => line.endsWith('/renew-self')).length;
    await vi.waitFor(() => expect(renewals()).toBeGreaterThan(1), { timeout: 20_000 });
    expect(logins(stub)).toBe(1);
  });

  it.each<[string, (stub: VaultStub) => void]>([
    ['cannot be renewed', (stub) => (stub.lease.renewable = false)],
    ['is near its greatest age', (stub) => (stub.lease.renewedSeconds = 0)],
    ['is not known any more', (stub) => void setTimeout(() => stub.revokeAll(), 0)],
  ])('is done anew in the background when the lease %s', async (_name, trouble) => {
    const { stub, service } = await startSignedIn(appRole);
    stub.lease.seconds = 1;
    if (stub.lease.renewedSeconds === undefined) trouble(stub);
    await service.currentVersion();
    trouble(stub);
    await vi.waitFor(() => expect(logins(stub)).toBeGreaterThan(1), { timeout: 20_000 });
  });

  it('says when the background cannot, and goes on trying', async () => {
    const onFault = vi.fn<(fault: KeyServiceError) => void>();
    const { stub, service } = await startSignedIn(appRole, { onFault });
    stub.lease.seconds = 1;
    await service.currentVersion();
    stub.trouble.sealed = true;
    await vi.waitFor(() => expect(onFault).toHaveBeenCalled(), { timeout: 20_000 });
    expect(onFault.mock.lastCall?.[0]).toMatchObject({ code: 'KEY_SERVICE_UNAVAILABLE' });
    stub.trouble.sealed = false;
    const renewals = () => stub.asked.filter((line) => line.endsWith('/renew-self')).length;
    const before = renewals();
    await vi.waitFor(() => expect(renewals()).toBeGreaterThan(before), { timeout: 20_000 });
  });

  it('sends neither the token nor the namespace of the environment', async () => {
    vi.stubEnv('VAULT_TOKEN', 'hvs.environment');
    vi.stubEnv('VAULT_NAMESPACE', 'environment');
    vi.stubEnv('VAULT_PREFIX', '/environment');
    ending.push(async () => void vi.unstubAllEnvs());
    const { service } = await startSignedIn(appRole);
    expect(await service.currentVersion()).toBe(1);
  });
});

describe('TLS', () => {
  it('with the authority that is named, and no other', async () => {
    const authority = await makeCertificate('authority', { authority: true });
    const tls = await makeCertificate('vault', { by: authority });
    const { service } = await start({ ca: authority.cert }, { tls });
    expect(await service.currentVersion()).toBe(1);
    const another = await makeCertificate('another', { authority: true });
    const { service: distrusting } = await start({ ca: another.cert }, { tls });
    await expect(distrusting.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /not trusted/),
    );
  });

  it('is refused without it, whatever the environment says', async () => {
    vi.stubEnv('VAULT_SKIP_VERIFY', '1');
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    ending.push(async () => void vi.unstubAllEnvs());
    const { cert, key } = await makeCertificate('vault');
    const { service } = await start({}, { tls: { cert, key } });
    await expect(service.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', /VAULT_CA_FILE/),
    );
  });
});

describe('versions', () => {
  it('more than 250 keys are several calls', async () => {
    const { stub, service } = await start();
    await service.wrapMany(Array.from({ length: 501 }, () => request));
    expect(stub.asked.filter((line) => line.includes('/encrypt/'))).toHaveLength(3);
  });

  it('retiring deletes the material, and lowers nothing that others have set', async () => {
    const { stub, service } = await start();
    for (let count = 0; count < 3; count += 1) await service.rotate();
    Object.assign(stub.key, { minDecryption: 3, minEncryption: 4 });
    expect(await service.retireBelow(2)).toBe(true);
    expect([...stub.key.versions.keys()]).toEqual([2, 3, 4]);
    expect([stub.key.minDecryption, stub.key.minEncryption]).toEqual([3, 4]);
    expect(await service.retireBelow(4)).toBe(true);
    expect([...stub.key.versions.keys()]).toEqual([4]);
  });
});
