import type { ImportSubgraph, OperationInput } from '../map/input.ts';

/** An entry of `apply<Subgraph>Operations`: the stamp, and exactly one input under its name. */
export type WireEntry = Readonly<Record<string, unknown>> & { readonly operation: OperationInput };

/** What became of an entry: a receipt, or the code of the fault that took its place. */
export type EntryAnswer =
  | {
      readonly verdict: string;
      readonly replayed: boolean;
      readonly problems: readonly { readonly code: string; readonly field?: string | null }[];
      readonly fault?: never;
    }
  | { readonly fault: string; readonly isTransient: boolean };

/** How an import reaches a deployment. */
export interface Sender {
  /**
   * Sends entries in order, each in its own transaction, without stopping at a refused one.
   *
   * @returns an answer for each entry
   * @throws TransientFault when all may be tried again, ImportStopped when trying is of no use
   */
  send(subgraph: ImportSubgraph, entries: readonly WireEntry[]): Promise<readonly EntryAnswer[]>;
  /**
   * Waits until the other subgraphs have heard of these patients. False when that took too long:
   * their facts are then provisional until they have.
   */
  settle(patientIds: readonly string[]): Promise<boolean>;
}

/** A failure that may pass: the network, a server that starts or stops, a full queue. */
export class TransientFault extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'TransientFault';
  }
}

export type StopCode = 'SERVER_UNREACHABLE' | 'TOKEN_REFUSED' | 'REQUEST_REFUSED';

/** An import that cannot go on. What was written stays; the same import again takes up from it. */
export class ImportStopped extends Error {
  readonly code: StopCode;

  constructor(code: StopCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ImportStopped';
    this.code = code;
  }
}
