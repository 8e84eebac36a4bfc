import type { Revocation } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { IdentityClient, IdentityTx } from '../store/client.ts';

/** Voids access tokens before they expire, durably, and tells whoever verifies them. */
export interface Revocations {
  revoke(kind: Revocation['kind'], subject: string, reason: string): Promise<void>;
  /** The same inside a transaction; `tellPending` is to be called when it has committed. */
  record(tx: IdentityTx, one: RevocationDraft): Promise<void>;
  /** Tells again what nobody has heard yet. @returns how many were told */
  tellPending(): Promise<number>;
  /** Tells everything that may still matter: lists in memory are empty after a start. */
  tellAll(): Promise<void>;
  removeExpired(limit: number): Promise<number>;
}

export interface RevocationDraft {
  readonly kind: Revocation['kind'];
  readonly subject: string;
  /** A word for the record, e.g. `dismissed`. */
  readonly reason: string;
}

/** The longest life of an access token is ten minutes; the rest is leeway for clocks. */
const keptMs = 2 * 3_600_000;

/**
 * @param options.tell the list in memory, or the Redis feed of the full profile
 */
export function createRevocations(options: {
  store: IdentityClient;
  tell: (revocation: Revocation) => Promise<void>;
  clock: Clock;
  ids: IdSource;
  log: Logger;
}): Revocations {
  const { store, tell, clock, ids, log } = options;

  async function tellRow(row: Row): Promise<boolean> {
    try {
      await tell({
        // Only the kinds of the type are written below.
        kind: row.kind as Revocation['kind'],
        id: row.subject,
        // Up: a token that was on its way out in this very moment is void too.
        revokedAt: Math.ceil(row.revokedAt.getTime() / 1_000),
      });
    } catch (error) {
      // It is in the store and told again every second: the cause goes on as it is.
      log.warn('a revocation waits to be told', { reason: row.kind, error });
      return false;
    }
    await store.revocation.updateMany({ where: { id: row.id }, data: { toldAt: clock.now() } });
    return true;
  }

  async function tellRows(rows: readonly Row[]): Promise<number> {
    const told = await Promise.all(rows.map(tellRow));
    return told.filter(Boolean).length;
  }

  function insert(tx: IdentityTx, draft: RevocationDraft): Promise<Row> {
    const revokedAt = clock.now();
    const expiresAt = new Date(revokedAt.getTime() + keptMs);
    return tx.revocation.create({ data: { id: ids.next(), ...draft, revokedAt, expiresAt } });
  }

  return {
    async revoke(kind, subject, reason) {
      await tellRow(await insert(store, { kind, subject, reason }));
    },
    async record(tx, draft) {
      await insert(tx, draft);
    },
    async tellPending() {
      return tellRows(await store.revocation.findMany({ where: { toldAt: null }, take: 200 }));
    },
    async tellAll() {
      const expiresAt = { gt: clock.now() };
      await tellRows(await store.revocation.findMany({ where: { expiresAt } }));
    },
    removeExpired: (limit) => store.$executeRaw`
      DELETE FROM revocation WHERE id IN (
        SELECT id FROM revocation WHERE expires_at < ${clock.now()} LIMIT ${limit})`,
  };
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly revokedAt: Date;
}
