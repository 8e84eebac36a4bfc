import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLogger } from '@caregraph/observability';
import { defaultNetworkConfig, type NetworkConfig } from '@caregraph/network';
import { attemptBudgets } from '../account/attempt-budget.ts';
import { createSignIn } from '../sign-in/index.ts';
import { startTestIdentity, type TestIdentity } from '../test-identity.ts';
import { createIdentityHost, type IdentityHost } from './identity-host.ts';

/** Whose tries are counted together when a proxy stands between people and the sign-in pages. */

let one: TestIdentity;
const hosts: IdentityHost[] = [];
beforeAll(async () => {
  one = await startTestIdentity({ signIn: createSignIn });
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  await one.store.signInAttempt.deleteMany();
});
afterAll(() => one.stop());

/** Identity as its own process serves it. */
async function serve(network: Partial<NetworkConfig>) {
  const host = await createIdentityHost({
    ...{ identity: one.identity, clock: one.clock, ids: one.ids, host: '127.0.0.1', port: 0 },
    ...{ network: { ...defaultNetworkConfig, ...network }, prefix: '/identity' },
    ...{ deliveryKey: new Uint8Array(32), drainTimeoutMs: 1_000 },
    log: createLogger({ service: 'identity', level: 'silent' }),
  });
  hosts.push(host);
  const url = await host.listen();
  // A session of the provider alone: our own secret would name the browser.
  const cookies = (await fetch(`${url}/identity/device`)).headers.getSetCookie();
  const pairs = cookies.map((one) => one.split(';')[0] ?? '');
  const cookie = pairs.filter((pair) => !pair.startsWith('caregraph')).join('; ');
  return async (clients: readonly string[]) => {
    const statuses: number[] = [];
    for (const client of clients) {
      const headers = { cookie, 'x-forwarded-for': client };
      const answer = await fetch(`${url}/identity/device`, { method: 'POST', headers });
      statuses.push(answer.status);
      await answer.text();
    }
    return statuses.map((status) => status === 429);
  };
}

const { burst } = attemptBudgets.userCode;
const times = (many: number, clientOf: (at: number) => string) =>
  Array.from({ length: many }, (_, at) => clientOf(at));
const served = (many: number) => times(many, () => '').map(() => false);

test('each client of a trusted proxy has tries of its own', async () => {
  const tryAs = await serve({ behindProxy: true, trustedProxies: ['127.0.0.1'] });
  const first = times(burst + 1, () => '192.0.2.1');
  expect(await tryAs(first)).toEqual([...served(burst), true]);
  expect(await tryAs(['192.0.2.2'])).toEqual([false]);
  // What a client wrote itself stands before what the proxy added.
  expect(await tryAs(['203.0.113.9, 192.0.2.1'])).toEqual([true]);
});

test('whoever is no proxy gains nothing by other names', async () => {
  for (const network of [{}, { behindProxy: true, trustedProxies: ['10.0.0.0/8'] }]) {
    const tryAs = await serve(network);
    const spoofed = times(burst + 1, (at) => `192.0.2.${at}`);
    expect(await tryAs(spoofed)).toEqual([...served(burst), true]);
    await one.store.signInAttempt.deleteMany();
  }
});

test('behind a proxy that is not named nobody uses up the tries of all', async () => {
  const tryAs = await serve({ behindProxy: true });
  const tries = times(burst * 2, () => '192.0.2.1');
  expect(await tryAs(tries)).toEqual(served(burst * 2));
});
