import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { KeyServiceError } from '../key-service-error.ts';
import { code, request, wrapOne } from '../test-driver.ts';
import { createVaultBed } from './test-vault-bed.ts';
import type { VaultStub } from './test-vault-stub.ts';
import type { VaultTransitOptions } from './transit-key.ts';
import { createVaultTransitService } from './vault-transit-service.ts';

const { start } = createVaultBed();

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
