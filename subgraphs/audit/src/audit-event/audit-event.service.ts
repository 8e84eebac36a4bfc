import { isUuidV7 } from '@caregraph/clock';
import type { EventData } from '@caregraph/messaging';

type Accesses = EventData<'org.caregraph.record.accessed.v1'>['accesses'];

/** The staff member behind an actor; a partner system is known by its client id alone. */
export function staffIdOf({ actorId, roles }: { actorId: string; roles: readonly string[] }) {
  return roles.includes('partner') || !isUuidV7(actorId) ? undefined : actorId;
}

/** One entry a patient, in the order of ids, so that two transactions never wait for each other. */
export function accessesByPatient(accesses: Accesses): Accesses {
  const typesOf = new Map<string, Set<string>>();
  for (const { patientId, types } of accesses) {
    const known = typesOf.get(patientId) ?? new Set();
    for (const type of types) known.add(type);
    typesOf.set(patientId, known);
  }
  const merged = [...typesOf].map(([patientId, types]) => ({
    patientId,
    types: [...types].sort(),
  }));
  return merged.sort((one, other) => (one.patientId < other.patientId ? -1 : 1));
}

/**
 * The grant that opened a record of an event. Whose record is not told with it: who sees the event
 * for another patient's sake need not know.
 */
export function breakGlassOf({
  grantId,
  grantReason: reason,
}: {
  readonly grantId: string | null;
  readonly grantReason: string | null;
}) {
  return grantId === null || reason === null ? null : { grantId, reason };
}
