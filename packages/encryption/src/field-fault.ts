import { faultOr, SealError } from './seal-error.ts';

/**
 * Puts a fault where the value of a field would be: reading the field throws it, and so does copying
 * the row. Writing the field takes the fault's place.
 */
export function placeFault(row: object, field: string, fault: SealError): void {
  const seen = { enumerable: true, configurable: true };
  Object.defineProperty(row, field, {
    get() {
      throw fault;
    },
    set(value: unknown) {
      Object.defineProperty(row, field, { value, writable: true, ...seen });
    },
    ...seen,
  });
}

/** Looks at all fields of a row. @throws SealError of the first that does not open */
export function expectReadable(row: object): void {
  Object.values(row);
}

/**
 * Why a field of a row that was read cannot be shown; undefined when it can.
 *
 * @example if (faultIn(row, 'name') === undefined) compare(row.name);
 */
export function faultIn(row: object, field: string): SealError | undefined {
  const read: unknown = faultOr((): unknown => Reflect.get(row, field));
  return read instanceof SealError ? read : undefined;
}
