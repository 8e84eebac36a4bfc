import { z } from 'zod';
import { isApplied, type Outcome } from './operation.ts';

const named = z.looseObject({ patientId: z.uuid() });
/** Codes that say of `patientId` that it is nobody's record. */
const nobodys = new Set(['NOT_FOUND', 'REFERENCE_NOT_FOUND', 'ERASED']);

/**
 * Puts a refused write on the record of the patient whom its input names, when the operation did
 * not say whose it is: also a write that is refused for its values was an attempt at a record.
 *
 * @param payload the input as it came; it may have been refused for its shape
 */
export function withSubject(outcome: Outcome, payload: unknown): Outcome {
  if (isApplied(outcome) || outcome.patientId !== undefined) return outcome;
  const { success, data } = named.safeParse(payload);
  const isNobodys = outcome.problems.some(
    ({ code, field }) => field === 'patientId' && nobodys.has(code),
  );
  return success && !isNobodys ? { ...outcome, patientId: data.patientId } : outcome;
}
