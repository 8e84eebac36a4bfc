import { createHash } from 'node:crypto';
import type { Clock } from '@caregraph/clock';
import type { IdentityClient } from '../store/client.ts';

const lifetimeMs = 10 * 60_000;

/** Someone between the right password and the second factor. */
export interface SignInSteps {
  /** @param place the interaction and the browser, which both have to be there again later */
  begin(place: string, staffId: string): Promise<void>;
  find(place: string): Promise<string | undefined>;
  /** Ends the step. @returns false when it had ended already, so only one answer counts */
  end(place: string): Promise<boolean>;
}

/**
 * Remembers, for ten minutes, who gave the right password; no session exists until the rest is
 * there too. A step belongs to one interaction in one browser and is ended by the first success.
 */
export function createSignInSteps(store: IdentityClient, clock: Clock): SignInSteps {
  const hashOf = (place: string) => new Uint8Array(createHash('sha256').update(place).digest());
  return {
    async begin(place, staffId) {
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + lifetimeMs);
      const step = { staffId, createdAt: now, expiresAt };
      const hash = hashOf(place);
      await store.signInStep.upsert({
        where: { hash },
        create: { hash, ...step },
        update: step,
      });
    },
    async find(place) {
      const where = { hash: hashOf(place), expiresAt: { gt: clock.now() } };
      return (await store.signInStep.findFirst({ where }))?.staffId;
    },
    async end(place) {
      const { count } = await store.signInStep.deleteMany({ where: { hash: hashOf(place) } });
      return count === 1;
    },
  };
}
