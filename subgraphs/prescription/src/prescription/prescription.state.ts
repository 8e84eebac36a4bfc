import type { CivilDate } from '@caregraph/guideline';
import { toCivilDay } from '../facility-day.ts';

export const prescriptionStates = [
  'DRAFT',
  'ISSUED',
  'PARTIALLY_DISPENSED',
  'DISPENSED',
  'CANCELLED',
  'EXPIRED',
] as const;

export type PrescriptionState = (typeof prescriptionStates)[number];

type Step = 'CHANGE' | 'ISSUE' | 'DISPENSE' | 'CANCEL';

/** Which steps a state allows. What was dispensed, cancelled or expired stays as it is. */
const steps: Readonly<Record<PrescriptionState, readonly Step[]>> = {
  DRAFT: ['CHANGE', 'ISSUE', 'CANCEL'],
  ISSUED: ['DISPENSE', 'CANCEL'],
  PARTIALLY_DISPENSED: ['DISPENSE', 'CANCEL'],
  DISPENSED: [],
  CANCELLED: [],
  EXPIRED: [],
};

/** Tells whether a prescription in a state may take a step. */
export function allowsStep(state: PrescriptionState, step: Step): boolean {
  return steps[state].includes(step);
}

/**
 * The state on a day. Expiry is not written by a job that may be late: it follows from the last
 * day, so that nobody hands out on yesterday's prescription.
 *
 * @param today the civil date where the facility is
 */
export function stateOn(
  row: { readonly state: string; readonly validUntil: Date | null },
  today: CivilDate,
): PrescriptionState {
  const stored = prescriptionStates.find((state) => state === row.state);
  if (stored === undefined) throw new Error('a prescription has a state that is not known');
  const over = row.validUntil !== null && toCivilDay(row.validUntil) < today;
  return over && allowsStep(stored, 'DISPENSE') ? 'EXPIRED' : stored;
}

/** The state after something was handed out, from what each item still lacks. */
export function stateAfterDispensing(
  items: readonly { readonly quantity: number | null; readonly dispensedQuantity: number }[],
): PrescriptionState {
  const complete = items.every(({ quantity, dispensedQuantity }) =>
    quantity === null ? dispensedQuantity > 0 : dispensedQuantity >= quantity,
  );
  return complete ? 'DISPENSED' : 'PARTIALLY_DISPENSED';
}
