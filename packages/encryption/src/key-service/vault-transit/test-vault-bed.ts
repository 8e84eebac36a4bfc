import { fixedClock } from '@caregraph/clock';
import { createTestBed, startPauses } from '../test-driver.ts';
import { startVaultStub, type VaultStub } from './test-vault-stub.ts';
import type { VaultTransitOptions } from './transit-key.ts';
import { createVaultTransitService } from './vault-transit-service.ts';

type Auth = VaultTransitOptions['auth'];

/** Starts drivers with a stub each. To be called once in a file. */
export function createVaultBed() {
  const bed = createTestBed();
  const open = (stub: VaultStub, auth: Auth, options: Partial<VaultTransitOptions>) => {
    const { pauses, wait } = startPauses();
    const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
    const service = createVaultTransitService({
      ...{ address: stub.address, mount: 'transit', key: 'caregraph', auth },
      ...{ timeoutMs: 5_000, clock, wait },
      ...options,
    });
    bed.endsService(service);
    return { stub, service, pauses, clock };
  };
  const startStub = async (options: Parameters<typeof startVaultStub>[0]) => {
    const stub = await startVaultStub(options);
    bed.endsStub(stub);
    return stub;
  };
  return {
    ...bed,
    async start(
      options: Partial<VaultTransitOptions> = {},
      stubOptions: Parameters<typeof startVaultStub>[0] = {},
    ) {
      const stub = await startStub(stubOptions);
      return open(stub, { method: 'token', token: stub.rootToken }, options);
    },
    /** How it signs in is made after the stub, whose ids it needs. */
    async startSignedIn(
      authOf: (stub: VaultStub) => Promise<Auth>,
      options: Partial<VaultTransitOptions> = {},
    ) {
      const stub = await startStub({});
      return open(stub, await authOf(stub), options);
    },
    appRole: async (stub: VaultStub) => ({
      method: 'approle' as const,
      roleId: stub.roleId,
      secretIdFile: await bed.fileWith(`${stub.secretId}\n`),
    }),
  };
}

export const logins = (stub: VaultStub) =>
  stub.asked.filter((line) => line.endsWith('/login')).length;
