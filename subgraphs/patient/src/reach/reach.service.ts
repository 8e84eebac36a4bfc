import type { EventDraft } from '@caregraph/messaging';
import { constraintViolation } from '@caregraph/database';
import { problem, rejected, type Outcome } from '@caregraph/subgraph';
import type { Locked } from './reach.store.ts';

/**
 * Refuses a change of a record that the actor does not reach. What a worker recorded of a record
 * that exists is never dropped, also when it moved out of their scope meanwhile.
 *
 * @param field the input field that names the record
 * @param patientId whose record it is, for the audit; left out when it is nobody's
 */
export function refuseUnreached(
  locked: Exclude<Locked<unknown>, { state: 'REACHED' }>,
  field: string,
  patientId?: string,
): Outcome {
  if (locked.state === 'UNKNOWN') return rejected('NOT_FOUND', field);
  return kept('OUT_OF_SCOPE_KEPT', field, patientId);
}

/** Keeps a change of a record that takes none any more, for a supervisor to see. */
export function keptForReview(field: string, patientId: string): Outcome {
  return kept('STATE_REFUSED', field, patientId);
}

function kept(
  code: 'OUT_OF_SCOPE_KEPT' | 'STATE_REFUSED',
  field: string,
  patientId: string | undefined,
): Outcome {
  return onRecordOf(patientId, { verdict: 'QUARANTINED', problems: [problem(code, field)] });
}

/**
 * Puts a refusal on a patient's record, so that the attempt shows in its audit.
 *
 * @param patientId undefined when it concerns nobody's record
 */
export function onRecordOf(patientId: string | undefined, refusal: Outcome): Outcome {
  return patientId === undefined ? refusal : { ...refusal, patientId };
}

/**
 * Runs an effect that finds, or that the database refuses because, what it writes is there already.
 *
 * Threat: someone tries card numbers until one is refused, and so learns that its owner is in
 * care. Defence: the attempt is on the record of the patient whom they named.
 */
export async function refuseDuplicate(
  patientId: string,
  effect: () => Promise<Outcome | 'HELD'>,
): Promise<Outcome> {
  const outcome = await effect().catch((error: unknown) => {
    if (constraintViolation(error)?.kind !== 'unique') throw error;
    return 'HELD' as const;
  });
  return outcome === 'HELD' ? onRecordOf(patientId, rejected('ALREADY_EXISTS')) : outcome;
}

/** A merged record has another that answers for it, and a mistaken one takes nothing more. */
export function takesChanges({ status }: { readonly status: string }): boolean {
  return status !== 'MERGED' && status !== 'ENTERED_IN_ERROR';
}

/** A patient as the other subgraphs are to know them. */
export interface PlacedPatient {
  readonly id: string;
  readonly areaId: string;
  readonly institutionId: string;
  readonly authorId: string;
  readonly status: string;
  readonly version: number;
}

/** Where a patient belongs now, for the subgraphs that keep facts about them. */
export function patientPlaced(patient: PlacedPatient): EventDraft {
  const { id, areaId, institutionId, authorId, status, version } = patient;
  return {
    type: 'org.caregraph.patient.placed.v1',
    subject: id,
    data: { patientId: id, areaId, institutionId, authorId, status, version },
  };
}
