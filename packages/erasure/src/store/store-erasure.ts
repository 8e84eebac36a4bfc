import type { IdSource } from '@caregraph/clock';
import type { DatabasePool, StoreName } from '@caregraph/database';
import type { ErasureReason } from '../list/erasure-entry.ts';

/** Whom to erase from one store. */
export interface ErasureOrder {
  readonly patientId: string;
  /** The coded reason, for the audit record. */
  readonly reason: ErasureReason;
  readonly at: Date;
  /** Ids of the events that the erasure leaves. */
  readonly ids: IdSource;
  /** Households that went with the person in an earlier run, as the list of erasures says. */
  readonly households: readonly string[];
  /**
   * What becomes of records that were merged into this one and are not erased yet. `REFUSE` while an
   * erasure is under way: they are the same person, and go first. `DETACH` when it was completed
   * once: in a restored store they are merged still, but were not when the person was erased.
   */
  readonly aliases: 'REFUSE' | 'DETACH';
  /**
   * Of a record that goes as one that was merged: which record it must still belong to. The store
   * that knows of merged records looks, while it holds the record.
   */
  readonly mergedInto?: string | undefined;
}

export type RowsErased =
  | {
      readonly kind: 'ERASED';
      /** Rows that were deleted or emptied, in all runs together. */
      readonly rows: number;
      /** Households that had nobody else: their keys are to go as well. */
      readonly households: readonly string[];
    }
  | { readonly kind: 'ALIASES_LEFT' }
  /** It stands for itself, or for somebody else, and is left as it is. */
  | { readonly kind: 'NOT_MERGED' };

/** The records of one person: which one answers for this one, and which this one answers for. */
export interface RecordsOfPerson {
  readonly survivorId: string | null;
  /** The deepest first, so that each can go before the one it was merged into. */
  readonly aliases: readonly string[];
}

/** How one store forgets a person. */
export interface StoreErasure {
  readonly store: StoreName;
  /** Whether the store holds anything under this id, or held it before an erasure. */
  knows(pool: DatabasePool, patientId: string): Promise<boolean>;
  /**
   * Erases a person in one transaction. A second run finds nothing to do and tells the same.
   *
   * @throws database faults as they come; nothing is changed then
   */
  erase(pool: DatabasePool, order: ErasureOrder): Promise<RowsErased>;
  /** Given by the store that knows of merged records. */
  readonly recordsOf?: (pool: DatabasePool, patientId: string) => Promise<RecordsOfPerson>;
}
