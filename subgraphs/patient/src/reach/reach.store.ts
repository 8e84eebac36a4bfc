import type { Scope } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import { inTerritory, patientsInScope } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { Household, Patient } from '../../generated/prisma/client.ts';

/** A record as a write finds it: locked and open, or why not. */
export type Locked<TRow> =
  | { readonly state: 'REACHED'; readonly row: TRow }
  | { readonly state: 'OUT_OF_SCOPE' }
  | { readonly state: 'UNKNOWN' };

/**
 * Tells whether an actor works in an area.
 *
 * @throws Fault SCOPE_BEHIND when this store has not heard of the area yet: nobody can tell then
 */
export async function worksIn(tx: StoreTx, scope: Scope, areaId: string): Promise<boolean> {
  const area = await tx.areaRef.findUnique({ where: { id: areaId } });
  if (area === null) throw new Fault('SCOPE_BEHIND');
  return area.ancestors.some((ancestor) => scope.areaRoots.includes(ancestor));
}

/** Locks a patient for the rest of the transaction. */
export async function lockPatient(tx: StoreTx, scope: Scope, id: string): Promise<Locked<Patient>> {
  const found = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM patient WHERE id = ${id}::uuid FOR UPDATE`;
  if (found.length === 0) return { state: 'UNKNOWN' };
  const row = await tx.patient.findFirst({ where: { AND: [{ id }, patientsInScope(scope)] } });
  return row === null ? { state: 'OUT_OF_SCOPE' } : { state: 'REACHED', row };
}

/**
 * Tells whether a patient is in the actor's scope without a grant.
 *
 * Threat: who has a record open for half an hour moves its person to an area of their own, and has
 * it for good. Defence: a record that is reached by a grant alone stays where it is.
 */
export async function isInTerritory(tx: StoreTx, scope: Scope, id: string): Promise<boolean> {
  if (!scope.openedPatientIds.includes(id)) return true;
  return (await tx.patient.count({ where: { AND: [{ id }, inTerritory(scope)] } })) === 1;
}

/**
 * Locks a household for the rest of the transaction; it stays where it is until then. A grant for
 * one person's record does not reach the others who live with them.
 */
export async function lockHousehold(
  tx: StoreTx,
  scope: Scope,
  id: string,
): Promise<Locked<Household>> {
  const found = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM household WHERE id = ${id}::uuid FOR UPDATE`;
  if (found.length === 0) return { state: 'UNKNOWN' };
  const row = await tx.household.findFirst({ where: { AND: [{ id }, inTerritory(scope)] } });
  return row === null ? { state: 'OUT_OF_SCOPE' } : { state: 'REACHED', row };
}

/** Rows that are seen where their patient is seen, so that a move concerns them as well. */
export async function dependantsOf(
  tx: StoreTx,
  patientIds: readonly string[],
): Promise<{ typename: string; entityId: string; version: number }[]> {
  return tx.$queryRaw`
    SELECT 'Identifier' AS typename, id::text AS "entityId", version FROM identifier
    WHERE patient_id = ANY(${patientIds}::uuid[])
    UNION ALL
    SELECT 'Relationship', id::text, version FROM relationship
    WHERE from_patient_id = ANY(${patientIds}::uuid[]) OR to_patient_id = ANY(${patientIds}::uuid[])
    ORDER BY 1, 2`;
}
