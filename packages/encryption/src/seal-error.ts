/** Every code this package throws; `README.md` says what each one means and what to do. */
export const sealErrorCodes = [
  'SEALED_FIELD_NOT_FILTERABLE',
  'SEALED_FIELD_NOT_SORTABLE',
  'SEALED_FIELD_NOT_GROUPABLE',
  'SEALED_FIELD_NOT_AGGREGATABLE',
  'SEALED_FIELD_NOT_A_CURSOR',
  'SEALED_FIELD_NOT_BULK_WRITABLE',
  'SEAL_ROW_ID_MISSING',
  'SEAL_OWNER_MISSING',
  'SEAL_OWNER_FIXED',
  'SEAL_VALUE_INVALID',
  'SEAL_VERSION_UNKNOWN',
  'SEAL_NOT_SEALED',
  'SEAL_KEY_UNKNOWN',
  'SEAL_KEY_DAMAGED',
  'SEAL_KEY_EXHAUSTED',
  'SEAL_OWNER_ERASED',
  'SEAL_OPEN_REFUSED',
  'SEAL_CODEC_MISMATCH',
  'BLIND_INDEX_NOT_WRITABLE',
  'BLIND_INDEX_CONTEXT_MISSING',
  'BLIND_INDEX_UNKNOWN',
  'BLIND_INDEX_SEARCH_EMPTY',
  'BLIND_INDEX_KEY_MISSING',
] as const;

export type SealErrorCode = (typeof sealErrorCodes)[number];

/** Where it happened. Names and ids only: a value never enters an error. */
export interface SealErrorPlace {
  readonly model: string;
  readonly field?: string;
  readonly rowId?: string;
}

/**
 * A fault of sealing: either a query that a sealed field cannot answer, or bytes that do not open.
 * It is thrown, never returned, so that an unreadable name can not look like an empty one.
 */
export class SealError extends Error {
  readonly code: SealErrorCode;
  readonly place: SealErrorPlace;

  constructor(code: SealErrorCode, place: SealErrorPlace, explanation: string) {
    const field = place.field === undefined ? '' : `.${place.field}`;
    const row = place.rowId === undefined ? '' : ` of row ${place.rowId}`;
    super(`${code}: ${place.model}${field}${row}: ${explanation}`);
    this.name = 'SealError';
    this.code = code;
    // A codec passes its whole request: nothing of it but names and ids may travel on.
    this.place = {
      model: place.model,
      ...(place.field !== undefined && { field: place.field }),
      ...(place.rowId !== undefined && { rowId: place.rowId }),
    };
  }
}

/** What some work comes to: its value, or the fault of sealing that it throws. Others are thrown on. */
export function faultOr<T>(work: () => T): T | SealError {
  try {
    return work();
  } catch (error) {
    if (error instanceof SealError) return error;
    throw error;
  }
}
