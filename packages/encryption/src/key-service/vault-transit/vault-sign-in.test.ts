import { writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { KeyServiceError } from '../key-service-error.ts';
import { code } from '../test-driver.ts';
import { createVaultBed, logins } from './test-vault-bed.ts';
import type { VaultStub } from './test-vault-stub.ts';

const { startSignedIn, appRole, fileWith } = createVaultBed();

describe('signing in', () => {
  it('by AppRole, once for many calls at once', async () => {
    const { stub, service } = await startSignedIn(appRole);
    await Promise.all(Array.from({ length: 10 }, () => service.currentVersion()));
    expect(logins(stub)).toBe(1);
  });

  it('by Kubernetes, with the token file as it is then', async () => {
    let path = '';
    const { stub, service } = await startSignedIn(async () => {
      path = await fileWith('stale');
      return { method: 'kubernetes', role: 'caregraph', tokenFile: path };
    });
    await expect(service.currentVersion()).rejects.toMatchObject({ code: 'KEY_SERVICE_DENIED' });
    await writeFile(path, stub.jwt);
    expect(await service.currentVersion()).toBe(1);
  });

  it('by a token file that an agent replaces', async () => {
    let path = '';
    const { stub, service, clock } = await startSignedIn(async ({ rootToken }) => {
      path = await fileWith(rootToken);
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
      secretIdFile: await fileWith('wrong-secret-id'),
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
    const { service } = await startSignedIn(appRole);
    expect(await service.currentVersion()).toBe(1);
  });
});
