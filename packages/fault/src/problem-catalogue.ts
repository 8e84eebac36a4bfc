/**
 * Why an operation was refused, merged with a warning, or set aside: the codes in a receipt.
 * docs/errors.md lists the same codes.
 */
export const problemCatalogue = {
  INPUT_INVALID: 'A value is missing or not of the form that is asked for.',
  NOT_FOUND: 'There is no such record in your scope.',
  ALREADY_EXISTS: 'A record with this id or identifier exists already.',
  REFERENCE_NOT_FOUND: 'The operation names a record that does not exist in your scope.',
  RECORDED_IN_FUTURE: 'The operation was recorded later than now.',
  DATE_IN_FUTURE: 'A date lies in the future.',
  VALUE_IMPOSSIBLE: 'A measured value is outside what is possible in a living person.',
  FIELD_CONFLICT: 'Someone else changed the same field meanwhile; both values are kept.',
  STATE_REFUSED: 'The record is in a state that does not allow this step.',
  DOSE_REFUSED: 'The dose is not one that can be dispensed safely.',
  STOCK_INSUFFICIENT: 'There is not enough stock for this.',
  STOCK_EXPIRED: 'The batch has expired.',
  OUT_OF_SCOPE_KEPT: 'The record is not in your scope now; what you recorded is kept for review.',
  PATIENT_NOT_KNOWN_YET: 'The patient has not arrived here yet; the record settles when they do.',
  SAFETY_WARNING: 'A clinical safety rule gives a warning.',
  CYCLE_REFUSED: 'The change would make a record its own ancestor.',
  ERASED: 'The person was erased; the record is not kept.',
  NOT_PERMITTED: 'Your role, or your part in the record, does not permit this.',
  BREAK_GLASS_ONLINE_ONLY: 'A record outside your scope is opened online, and at once.',
} as const;

export type ProblemCode = keyof typeof problemCatalogue;
