import type { Clock } from '@caregraph/clock';
import type { Actor } from '../actor.ts';

const maxEntries = 10_000;

/** Remembers tokens whose signature was verified, so that a session pays for it once. */
export interface VerifiedTokenCache {
  get(token: string): Actor | undefined;
  keep(token: string, actor: Actor): void;
}

/**
 * Keyed by the whole token, signature included: a token that differs in one character is verified
 * anew. Entries end with their token; the oldest leave first when the cache is full.
 */
export function createVerifiedTokenCache(clock: Clock, toleranceS: number): VerifiedTokenCache {
  const actors = new Map<string, Actor>();
  return {
    get(token) {
      const actor = actors.get(token);
      if (actor === undefined) return undefined;
      if (actor.expiresAt + toleranceS > clock.now().getTime() / 1_000) return actor;
      actors.delete(token);
      return undefined;
    },
    keep(token, actor) {
      if (actors.has(token)) return;
      if (actors.size >= maxEntries) {
        const oldest = actors.keys().next();
        if (!oldest.done) actors.delete(oldest.value);
      }
      actors.set(token, actor);
    },
  };
}
