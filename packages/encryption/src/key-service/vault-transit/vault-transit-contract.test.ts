import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { describeKeyService } from '../test-key-service-contract.ts';
import { startVaultStub } from './test-vault-stub.ts';
import { createVaultTransitService } from './vault-transit-service.ts';

describeKeyService('Vault transit', async () => {
  const stub = await startVaultStub({ namespace: 'health/caregraph', mount: 'kek/transit' });
  const connect = () =>
    createVaultTransitService({
      address: stub.address,
      namespace: 'health/caregraph',
      mount: 'kek/transit',
      key: 'caregraph',
      auth: { method: 'token', token: stub.rootToken },
      timeoutMs: 5_000,
    });
  return {
    service: connect(),
    another: () => Promise.resolve(connect()),
    calls: () => stub.asked.length,
    secrets: [stub.rootToken],
    stop: async () => {
      await stub.stop();
      expect(stub.violations).toEqual([]);
    },
  };
});

const {
  VAULT_ADDR: address,
  VAULT_TOKEN: token,
  VAULT_TRANSIT_MOUNT: mount = 'transit',
} = process.env;

// A real Vault, where there is one: the token may make keys in the mount.
if (address !== undefined) {
  describeKeyService(`Vault transit at ${address}`, async () => {
    // Whoever names a Vault means it to be tested.
    if (token === undefined) throw new Error('VAULT_ADDR is set and VAULT_TOKEN is not');
    const key = `caregraph-contract-${randomBytes(8).toString('hex')}`;
    const ask = async (method: string, path: string, body: object) => {
      const headers = { 'X-Vault-Token': token, 'X-Vault-Request': 'true' };
      const url = `${address}/v1/${mount}/keys/${key}${path}`;
      const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
      expect(answer.ok).toBe(true);
    };
    await ask('POST', '', { type: 'aes256-gcm96', derived: true });
    const auth = { method: 'token', token } as const;
    const connect = () =>
      createVaultTransitService({ address, mount, key, auth, timeoutMs: 5_000 });
    return {
      service: connect(),
      another: () => Promise.resolve(connect()),
      secrets: [token],
      stop: async () => {
        await ask('POST', '/config', { deletion_allowed: true });
        await ask('DELETE', '', {});
      },
    };
  });
}
