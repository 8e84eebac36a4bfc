import type { Scope } from '@caregraph/access';
import { isUuidV7 } from '@caregraph/clock';

/**
 * The row filter of a scope over rows that have an area, an institution and an author, by these
 * alone: what a break-glass grant, which opens one patient's record, must not widen.
 *
 * @example db.household.findMany({ where: { AND: [inTerritory(ctx.scope), { areaId }] } })
 */
export function inTerritory(scope: Scope) {
  // A partner system has a client's id, which no row can carry as its author.
  const authors = !scope.everyInstitution && isUuidV7(scope.authorId);
  const own = authors ? [{ authorId: scope.authorId }] : [];
  const registered =
    scope.patientInstitutionId === undefined ? [] : [{ institutionId: scope.patientInstitutionId }];
  return {
    OR: [{ area: { ancestors: { hasSome: [...scope.areaRoots] } } }, ...registered, ...own],
  };
}

/**
 * The row filter of a scope over patients, and what other stores know of them: those of the
 * territory, and the one whose record is opened. It is part of every query of a store.
 *
 * @example db.patient.findMany({ where: { AND: [patientsInScope(ctx.scope), { status }] } })
 */
export function patientsInScope(scope: Scope) {
  const { openedPatientIds } = scope;
  const opened = openedPatientIds.length === 0 ? [] : [{ id: { in: [...openedPatientIds] } }];
  return { OR: [...inTerritory(scope).OR, ...opened] };
}
