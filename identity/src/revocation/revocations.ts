import { setTimeout as wait } from 'node:timers/promises';
import type { Revocation } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { IdentityClient, IdentityTx } from '../store/client.ts';

/** Voids access tokens before they expire, durably, and tells whoever verifies them. */
export interface Revocations {
  revoke(kind: Revocation['kind'], subject: string, reason: string): Promise<void>;
  /** The same inside a transaction; `tellPending` is to be called when it has committed. */
  record(tx: IdentityTx, one: RevocationDraft): Promise<void>;
  /**
   * The `iat` of a token whose request began at an instant, so that it is void if anything of it is
   * revoked from then on, and good if that was before: where a revocation lies in the same second
   * the next one is waited for.
   *
   * @returns seconds since the epoch; undefined when access ended while the request was under way
   */
  issueSecond(startedAt: Date, subjects: readonly RevocationSubject[]): Promise<number | undefined>;
  /** Tells again what nobody has heard yet. @returns how many were told */
  tellPending(): Promise<number>;
  /** Tells everything that may still matter: lists in memory are empty after a start. */
  tellAll(): Promise<void>;
  removeExpired(limit: number): Promise<number>;
}

export interface RevocationSubject {
  readonly kind: Revocation['kind'];
  readonly subject: string;
}

export interface RevocationDraft extends RevocationSubject {
  /** A word for the record, e.g. `dismissed`. */
  readonly reason: string;
}

/** The longest life of an access token is ten minutes; the rest is leeway for clocks. */
const keptMs = 2 * 3_600_000;

/**
 * @param options.tell the list in memory, or the Redis feed of the full profile; undefined where
 *   nobody hears: then they are kept as untold
 */
export function createRevocations(options: {
  store: IdentityClient;
  tell: ((revocation: Revocation) => Promise<void>) | undefined;
  clock: Clock;
  ids: IdSource;
  log: Logger;
}): Revocations {
  const { store, tell, clock, ids, log } = options;

  async function tellRow(row: Row): Promise<boolean> {
    if (tell === undefined) return false;
    try {
      await tell({
        // Only the kinds of the type are written below.
        kind: row.kind as Revocation['kind'],
        id: row.subject,
        // Tokens of this very second are void too, and none is issued in the rest of it.
        revokedAt: secondOf(row.revokedAt),
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

  const insert = (tx: IdentityTx, draft: RevocationDraft) => insertRow({ clock, ids }, tx, draft);

  return {
    async revoke(kind, subject, reason) {
      const draft = { kind, subject, reason };
      await tellRow(await store.$transaction((tx) => insert(tx, draft), { maxWait: 10_000 }));
    },
    async record(tx, draft) {
      await insert(tx, draft);
    },
    issueSecond: (startedAt, subjects) => issueSecond({ store, clock }, startedAt, subjects),
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

/** Under a lock that issuers wait for: the instant is read before anybody can see the row. */
async function insertRow(
  { clock, ids }: { clock: Clock; ids: IdSource },
  tx: IdentityTx,
  draft: RevocationDraft,
): Promise<Row> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${keyOf(draft)}, 0))`;
  const revokedAt = clock.now();
  const expiresAt = new Date(revokedAt.getTime() + keptMs);
  return tx.revocation.create({ data: { id: ids.next(), ...draft, revokedAt, expiresAt } });
}

async function issueSecond(
  { store, clock }: { store: IdentityClient; clock: Clock },
  startedAt: Date,
  subjects: readonly RevocationSubject[],
): Promise<number | undefined> {
  const started = secondOf(startedAt);
  for (;;) {
    const now = clock.now();
    const rows = await revokedSince(store, new Date(started * 1_000), subjects);
    if (rows.some(({ revokedAt }) => revokedAt >= startedAt)) return undefined;
    if (rows.length === 0) return started;
    const leftMs = (started + 1) * 1_000 - now.getTime();
    if (leftMs <= 0) return started + 1;
    await wait(leftMs);
  }
}

/** The revocations since an instant, those included that are being written now. */
async function revokedSince(
  store: IdentityClient,
  from: Date,
  subjects: readonly RevocationSubject[],
): Promise<Row[]> {
  await store.$executeRaw`
    SELECT pg_advisory_xact_lock_shared(hashtextextended(key, 0))
    FROM unnest(${subjects.map(keyOf)}::text[]) AS key ORDER BY key`;
  const named = subjects.map(({ kind, subject }) => ({ kind, subject }));
  return store.revocation.findMany({ where: { OR: named, revokedAt: { gte: from } } });
}

const secondOf = (instant: Date): number => Math.floor(instant.getTime() / 1_000);
const keyOf = ({ kind, subject }: RevocationSubject): string => `revocation ${kind} ${subject}`;

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly revokedAt: Date;
}
