import type { Scope } from '@caregraph/access';
import { isUuidV7 } from '@caregraph/clock';
import { patientsInScope } from './patient-scope.ts';

const provisional = 'PROVISIONAL';

/**
 * The row filter of a scope over facts about patients: rows with a `patient` and an author.
 *
 * Threat: who records anything for a patient's id before the patient arrives would be the author
 * of the placeholder, and would see whatever others record for that id. Defence: the placeholder
 * gives nobody a right; until the patient arrives, each fact is seen by its own author alone.
 *
 * Not solved: once the patient arrives, a fact of an author out of whose scope they turn out to be
 * stays in the record, with its author named, as if it had been checked. To hold it back for a
 * supervisor, the fact's payload would have to go into quarantine, which the engine does for an
 * operation when it runs and not for rows that exist. The operation's record keeps the verdict
 * PROVISIONAL and the author, so that such facts can be found.
 *
 * @example db.task.findMany({ where: { AND: [factsInScope(ctx.scope), { state }] } })
 */
export function factsInScope(scope: Scope) {
  const placed = { AND: [{ status: { not: provisional } }, patientsInScope(scope)] };
  const authorId = factAuthor(scope);
  const own = authorId === null ? [] : [{ patient: { status: provisional }, authorId }];
  return { OR: [{ patient: placed }, ...own] };
}

/**
 * The part of `factsInScope` that raw SQL needs for patients who passed the scope already: of a
 * patient who has not arrived, only the author's own facts.
 *
 * @param row alias of the table of facts, never a name from a request
 * @param author placeholder of the parameter that `factAuthor` fills
 * @example `WHERE task.patient_id = $1 AND ${ownWhileProvisional('task', '$2')}`
 */
export function ownWhileProvisional(row: string, author: `$${number}`): string {
  return `(${row}.author_id = ${author}::uuid OR NOT EXISTS (SELECT 1 FROM patient_ref AS subject
    WHERE subject.id = ${row}.patient_id AND subject.status = '${provisional}'))`;
}

/** The id by which facts are the actor's own; null for those who cannot be an author. */
export function factAuthor(scope: Scope): string | null {
  // A partner system has a client's id, which no row can carry as its author.
  return !scope.everyInstitution && isUuidV7(scope.authorId) ? scope.authorId : null;
}
