import type { Problem, Verdict } from './operation.ts';

/** What a write answers; the GraphQL receipt type is named after the operation. */
export interface Receipt {
  readonly operation: string;
  readonly operationId: string;
  readonly verdict: Verdict;
  readonly replayed: boolean;
  readonly problems: readonly Problem[];
  readonly serverTime: Date;
  /** The record that was written; undefined when the operation was refused. */
  readonly entityId: string | undefined;
}

/**
 * Loads the record that a receipt tells of; null when the operation was refused.
 *
 * @example area: (receipt, _args, ctx) => writtenRecord(receipt, ctx.stores.area.find)
 */
export async function writtenRecord<TRecord>(
  receipt: Receipt,
  find: (id: string) => Promise<TRecord | null>,
): Promise<TRecord | null> {
  return receipt.entityId === undefined ? null : find(receipt.entityId);
}
