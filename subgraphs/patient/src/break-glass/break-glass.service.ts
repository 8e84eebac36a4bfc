import {
  breakGlassReasons,
  longestGrantS,
  purposes,
  type BreakGlassGrant,
} from '@caregraph/access';
import type { OperationStamp } from '@caregraph/subgraph';
import type { BreakGlassRow } from './break-glass.store.ts';

/** Long enough for an admission, short enough that what is left open by mistake closes itself. */
const grantLifetimeS = 1_800;
/** A request that was under way for longer waited in a queue. */
const onlineWithinMs = 5 * 60_000;

/** The busiest night brings fewer; whoever opens more than this is reading the district. */
export const mostGrantsAnHour = 30;
const hourMs = 3_600_000;

/** Since when the grants of an actor count towards the most of an hour. */
export function countedSince(now: Date): Date {
  return new Date(now.getTime() - hourMs);
}

/**
 * Tells whether an operation comes from someone who waits for the answer. A queue that is sent
 * hours later would open a record when nobody needs it any more.
 */
export function isOnline({ recordedAt, receivedAt }: OperationStamp): boolean {
  return receivedAt.getTime() - recordedAt.getTime() <= onlineWithinMs;
}

/** From when to when a grant holds, in whole seconds, because its signed form has no finer ones. */
export function termOf(openedAt: Date): { openedAt: Date; expiresAt: Date } {
  const openedS = Math.floor(openedAt.getTime() / 1_000);
  const lifetimeS = Math.min(grantLifetimeS, longestGrantS);
  return {
    openedAt: new Date(openedS * 1_000),
    expiresAt: new Date((openedS + lifetimeS) * 1_000),
  };
}

/** Tells whether a grant still opens anything. */
export function isInForce({ expiresAt, closedAt }: BreakGlassRow, now: Date): boolean {
  return closedAt === null && expiresAt.getTime() > now.getTime();
}

/**
 * A stored grant in the form that is signed.
 *
 * @throws Error when the store holds a purpose or reason that no version of this code wrote
 */
export function toGrant(row: BreakGlassRow): BreakGlassGrant {
  const purpose = purposes.find((one) => one === row.purpose);
  const reason = breakGlassReasons.find((one) => one === row.reason);
  if (purpose === undefined || reason === undefined) throw new Error('a grant is not readable');
  const { id: grantId, actorId, patientId } = row;
  const seconds = (at: Date) => at.getTime() / 1_000;
  const [issuedAt, expiresAt] = [seconds(row.openedAt), seconds(row.expiresAt)];
  return { grantId, actorId, patientId, purpose, reason, issuedAt, expiresAt };
}
