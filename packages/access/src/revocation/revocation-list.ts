import type { Clock } from '@caregraph/clock';
import type { Actor } from '../actor.ts';

export const revocationKinds = ['token', 'session', 'subject', 'device', 'client'] as const;

/** Voids every token of one kind that was issued up to an instant. */
export interface Revocation {
  readonly kind: (typeof revocationKinds)[number];
  readonly id: string;
  /** Seconds since the epoch; tokens issued in that second or before are void. */
  readonly revokedAt: number;
}

/** What is asked at every request: in memory, so that it costs nothing. */
export interface RevocationList {
  isRevoked(actor: Actor): boolean;
}

export interface RevocationRegister extends RevocationList {
  /** Takes a revocation in; a later one of the same thing wins. */
  add(revocation: Revocation): void;
}

/** The longest life of an access token, with the leeway of clocks: older ones are void anyway. */
export const revocationKeptS = 2 * 3_600;
const sweepEvery = 1_000;

/**
 * Creates the list of what was revoked. Entries leave when every token they void has expired.
 *
 * @example list.add({ kind: 'device', id: deviceId, revokedAt: nowS })
 */
export function createRevocationList(clock: Clock): RevocationRegister {
  const revokedAt = new Map<string, number>();
  let added = 0;

  function sweep(): void {
    const oldest = clock.now().getTime() / 1_000 - revocationKeptS;
    for (const [key, at] of revokedAt) if (at < oldest) revokedAt.delete(key);
  }

  const voids = (kind: Revocation['kind'], id: string | undefined, issuedAt: number) =>
    id !== undefined && issuedAt <= (revokedAt.get(`${kind} ${id}`) ?? -1);

  return {
    isRevoked(actor) {
      if (revokedAt.size === 0) return false;
      const { tokenId, sessionId, id, deviceId, clientId, issuedAt } = actor;
      return (
        voids('token', tokenId, issuedAt) ||
        voids('session', sessionId, issuedAt) ||
        voids('subject', id, issuedAt) ||
        voids('device', deviceId, issuedAt) ||
        voids('client', clientId, issuedAt)
      );
    },
    add({ kind, id, revokedAt: at }) {
      const key = `${kind} ${id}`;
      revokedAt.set(key, Math.max(at, revokedAt.get(key) ?? 0));
      added += 1;
      if (added % sweepEvery === 0) sweep();
    },
  };
}
