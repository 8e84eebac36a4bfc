import { fixedClock } from '@caregraph/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyServiceError } from '../key-service-error.ts';
import { ServiceUnavailable } from '../retry.ts';
import { createVaultSession } from './vault-session.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const leaseSeconds = 60;

/** A session whose time the test lets pass, with a Vault that can be away. */
function startSession() {
  const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
  const startMs = clock.now().getTime();
  const vault = { isAway: false, asked: [] as { path: string; atMs: number }[] };
  const client = {
    call({ path }: { readonly path: string }) {
      vault.asked.push({ path, atMs: clock.now().getTime() - startMs });
      if (vault.isAway) return Promise.reject(new ServiceUnavailable('of the test'));
      const ttl = { ttl: leaseSeconds, renewable: true };
      const auth = { client_token: 'hvs.x', lease_duration: leaseSeconds, renewable: true };
      return Promise.resolve({ data: ttl, auth });
    },
  };
  const onFault = vi.fn<(fault: KeyServiceError) => void>();
  const auth = { method: 'token', token: 'hvs.x' } as const;
  const session = createVaultSession({ client, auth, clock, onFault });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await vi.advanceTimersByTimeAsync(100);
    }
  };
  const timesOf = (path: string) =>
    vault.asked.flatMap((one) => (one.path === path ? [one.atMs] : []));
  return { vault, session, onFault, pass, timesOf };
}

describe('while Vault is away and nobody asks', () => {
  it('a lease that has ended is not renewed, and signing in becomes rare', async () => {
    const { vault, session, onFault, pass, timesOf } = startSession();
    await session.token();
    vault.isAway = true;
    await pass(260_000);
    const afterEnd = (path: string) => timesOf(path).filter((atMs) => atMs >= leaseSeconds * 1000);
    expect(afterEnd('auth/token/renew-self')).toEqual([]);
    const signIns = afterEnd('auth/token/lookup-self');
    const pauses = signIns.slice(1).map((atMs, at) => atMs - (signIns[at] ?? 0));
    expect(pauses.slice(0, 4)).toEqual([10_000, 20_000, 30_000, 30_000]);
    // One at the beginning was not in vain.
    expect(onFault).toHaveBeenCalledTimes(timesOf('auth/token/lookup-self').length - 1);
    session.close();
  });

  it('the session is there again soon after Vault is', async () => {
    const { vault, session, pass, timesOf } = startSession();
    await session.token();
    vault.isAway = true;
    await pass(300_000);
    vault.isAway = false;
    vault.asked.length = 0;
    await pass(30_000);
    expect(timesOf('auth/token/lookup-self')).toHaveLength(1);
    vault.asked.length = 0;
    expect(await session.token()).toBe('hvs.x');
    expect(vault.asked).toEqual([]);
    // From here on it is renewed as ever.
    await pass(leaseSeconds * 1000);
    expect(timesOf('auth/token/renew-self')).toHaveLength(1);
    session.close();
  });
});
