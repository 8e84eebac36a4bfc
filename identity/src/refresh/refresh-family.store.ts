import type { Clock } from '@caregraph/clock';
import type { RefreshFamily } from '../../generated/prisma/client.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { IdentityClient } from '../store/client.ts';
import { hashToken, type RefreshTokens } from './refresh-token.ts';

export type { RefreshFamily };

/** How long a family lives: in all, and without being used. Seconds. */
export interface FamilyLifetime {
  readonly absoluteS: number;
  readonly idleS: number;
}

export interface NewFamily {
  readonly id: string;
  readonly staffId: string;
  readonly clientId: string;
  readonly grantId: string;
  readonly deviceId: string | undefined;
  readonly scope: string;
  readonly jkt: string | undefined;
  readonly certificate: string | undefined;
  readonly lifetime: FamilyLifetime;
  /** When the person proved who they are, in seconds since the epoch. */
  readonly signedInAtS: number;
}

/** What the request proved to hold beside the token. */
export interface Presented {
  readonly token: string;
  readonly clientId: string;
  readonly jkt: string | undefined;
  readonly certificate: string | undefined;
}

export type RotationVerdict =
  { readonly kind: 'rotated'; readonly token: string } | { readonly kind: 'refused' };

export interface RefreshFamilies {
  /** Starts a family with its first token. @returns false when the password is newer */
  open(family: NewFamily, token: string): Promise<boolean>;
  find(token: string): Promise<RefreshFamily | undefined>;
  rotate(presented: Presented, family: RefreshFamily): Promise<RotationVerdict>;
  revoke(where: FamilyChoice, reason: string): Promise<void>;
  /** Removes at most `limit` families that ended long ago. */
  removeEnded(limit: number): Promise<number>;
}

export type FamilyChoice =
  | { readonly id: string }
  | { readonly grantId: string }
  | { readonly staffId: string }
  | { readonly deviceId: string };

interface Deps {
  readonly store: IdentityClient;
  readonly tokens: RefreshTokens;
  readonly revocations: Revocations;
  readonly lifetimeOf: (clientId: string) => FamilyLifetime;
  readonly clock: Clock;
}

/** Families of refresh tokens: rotation, the lost answer, reuse, and their ends. */
export function createRefreshFamilies(deps: Deps): RefreshFamilies {
  const { store, tokens, clock } = deps;
  return {
    open: (family, token) => open(deps, family, token),
    async find(token) {
      const id = tokens.familyOf(token);
      if (id === undefined) return undefined;
      const family = await store.refreshFamily.findUnique({ where: { id } });
      return family ?? undefined;
    },
    rotate: (presented, family) => rotate(deps, presented, family),
    revoke: (where, reason) => revoke(deps, where, reason),
    removeEnded: (limit) => store.$executeRaw`
      DELETE FROM refresh_family WHERE id IN (
        SELECT id FROM refresh_family WHERE expires_at < ${clock.now()} LIMIT ${limit})`,
  };
}

/**
 * Threat: a password is changed while a code of before is being exchanged, and the family that it
 * opens is missed by the change. Defence: both hold the account's row, so one of them is first.
 */
async function open({ store, clock }: Deps, family: NewFamily, token: string): Promise<boolean> {
  const { lifetime, signedInAtS, deviceId, jkt, certificate, ...rest } = family;
  const now = clock.now();
  const data = {
    ...rest,
    deviceId: deviceId ?? null,
    jkt: jkt ?? null,
    certificate: certificate ?? null,
    currentHash: new Uint8Array(hashToken(token)),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: new Date(now.getTime() + lifetime.absoluteS * 1_000),
  };
  return store.$transaction(async (tx) => {
    const [account] = await tx.$queryRaw<{ outdated: boolean | null }[]>`
      SELECT floor(extract(epoch FROM password_changed_at)) > ${signedInAtS} AS outdated
      FROM account WHERE staff_id = ${family.staffId}::uuid FOR SHARE`;
    if (account === undefined || account.outdated === true) return false;
    await tx.refreshFamily.create({ data });
    return true;
  });
}

/**
 * One statement decides, under the lock of the family's row, so that any number of concurrent
 * retries leave one live token:
 * - the current token becomes the previous one, and a new one the current;
 * - the previous token may be sent again while its successor is unused (its answer was lost): the
 *   successor is replaced, and thereby void;
 * - any other token of the family was used before or voided: somebody else has it, so the family
 *   ends for both.
 *
 * Source: RFC 9700 §4.14.2 (rotation), with a grace for lost answers of our own.
 */
async function rotate(
  { store, tokens, revocations, clock, lifetimeOf }: Deps,
  { token, clientId, jkt, certificate }: Presented,
  family: RefreshFamily,
): Promise<RotationVerdict> {
  const next = tokens.mint(family.id);
  const now = clock.now();
  const idleSince = new Date(now.getTime() - lifetimeOf(clientId).idleS * 1_000);
  const sent = hashToken(token);
  const turned = await store.$queryRaw<{ rotated: boolean }[]>`
    UPDATE refresh_family SET
      current_hash = CASE WHEN ${sent} IN (current_hash, previous_hash)
                          THEN ${hashToken(next)} ELSE current_hash END,
      previous_hash = CASE WHEN ${sent} IN (current_hash, previous_hash)
                           THEN ${sent} ELSE previous_hash END,
      revoked_at = CASE WHEN ${sent} IN (current_hash, previous_hash)
                        THEN NULL ELSE ${now}::timestamptz END,
      revoked_because = CASE WHEN ${sent} IN (current_hash, previous_hash)
                             THEN NULL ELSE 'reuse' END,
      last_used_at = ${now}
    WHERE id = ${family.id}::uuid AND client_id = ${clientId}
      AND jkt IS NOT DISTINCT FROM ${jkt ?? null}
      AND certificate IS NOT DISTINCT FROM ${certificate ?? null}
      AND revoked_at IS NULL AND expires_at > ${now} AND last_used_at > ${idleSince}
    RETURNING revoked_at IS NULL AS rotated`;
  if (turned[0]?.rotated === true) return { kind: 'rotated', token: next };
  if (turned[0]?.rotated === false) await revocations.revoke('session', family.id, 'reuse');
  return { kind: 'refused' };
}

async function revoke(
  { store, revocations, clock }: Deps,
  where: FamilyChoice,
  reason: string,
): Promise<void> {
  const ended = await store.refreshFamily.updateManyAndReturn({
    where: { ...where, revokedAt: null },
    data: { revokedAt: clock.now(), revokedBecause: reason },
    select: { id: true },
  });
  for (const { id } of ended) await revocations.revoke('session', id, reason);
}
