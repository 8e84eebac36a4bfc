import type { StoreTx } from '../client.ts';
import type { BreakGlassRow } from './break-glass.store.ts';

/**
 * Tells whether there is a record to open, in whatever scope. This is the one question that is
 * asked past the scope: it is answered to those alone who may break the glass, and each yes is on
 * the record of the person.
 */
export async function isKnownPatient(tx: StoreTx, id: string): Promise<boolean> {
  return (await tx.patient.count({ where: { id, status: { not: 'ERASED' } } })) === 1;
}

/** How many records an actor has opened since an instant. */
export async function countOpenedSince(tx: StoreTx, actorId: string, since: Date): Promise<number> {
  // Two at once wait for each other, so that neither is counted past the other.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`break-glass ${actorId}`}, 0))::text`;
  return tx.breakGlassGrant.count({ where: { actorId, openedAt: { gt: since } } });
}

export async function insertGrant(
  tx: StoreTx,
  grant: Omit<BreakGlassRow, 'closedAt'>,
): Promise<void> {
  await tx.breakGlassGrant.create({ data: { ...grant, closedAt: null } });
}

/** Locks a grant of an actor for the rest of the transaction. */
export async function lockOwnGrant(
  tx: StoreTx,
  id: string,
  actorId: string,
): Promise<{ patientId: string; reason: string; closedAt: Date | null } | null> {
  await tx.$queryRaw`SELECT 1 FROM break_glass_grant WHERE id = ${id}::uuid FOR UPDATE`;
  return tx.breakGlassGrant.findFirst({
    where: { id, actorId },
    select: { patientId: true, reason: true, closedAt: true },
  });
}

export async function writeClosed(tx: StoreTx, id: string, closedAt: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE break_glass_grant SET closed_at = ${closedAt} WHERE id = ${id}::uuid`;
}
