import { faultCatalogue, type FaultCode } from './catalogue.ts';

/** Values that may travel with a fault: names of things, never what a patient's record holds. */
export type FaultDetails = Readonly<Record<string, string | number | boolean>>;

/** A failure with a stable code. Its message comes from the catalogue and holds no data. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly details: FaultDetails;

  constructor(code: FaultCode, details: FaultDetails = {}, cause?: unknown) {
    super(faultCatalogue[code].message, cause === undefined ? {} : { cause });
    this.name = 'Fault';
    this.code = code;
    this.details = details;
  }
}

/** Tells whether something thrown is a fault of the catalogue. */
export function isFault(thrown: unknown): thrown is Fault {
  return thrown instanceof Fault;
}
