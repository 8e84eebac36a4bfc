import type { OperationStamp } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';

/** A line to add to the ledger of a batch. */
export interface LedgerLine {
  readonly id: string;
  readonly kind: 'RECEIVED' | 'DISPENSED' | 'ADJUSTED' | 'DISCARDED';
  /** Signed: positive when stock comes in. */
  readonly quantity: number;
  readonly reason?: string;
  readonly dispensingId?: string;
}

/**
 * Books a line: the only place that changes what is on hand. The balance and the line are written
 * by one statement that does nothing when the balance would fall below zero, so that no order of
 * concurrent bookings can hand out what is not there.
 *
 * @returns the batch's new version, or undefined when there is not enough
 */
export async function bookLine(
  tx: StoreTx,
  batchId: string,
  line: LedgerLine,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<number | undefined> {
  const booked = await tx.$queryRaw<{ sequence: number }[]>`
    WITH moved AS (
      UPDATE stock_batch SET on_hand = on_hand + ${line.quantity}::int, version = version + 1
      WHERE id = ${batchId}::uuid AND on_hand + ${line.quantity}::int >= 0
      RETURNING id, version, on_hand
    )
    INSERT INTO stock_movement (id, batch_id, sequence, kind, quantity, balance_after, reason,
      dispensing_id, author_id, recorded_at, received_at)
    SELECT ${line.id}::uuid, id, version, ${line.kind}, ${line.quantity}::int, on_hand,
      ${line.reason ?? null}, ${line.dispensingId ?? null}::uuid, ${authorId}::uuid,
      ${recordedAt}::timestamptz, ${receivedAt}::timestamptz
    FROM moved
    RETURNING sequence`;
  return booked[0]?.sequence;
}
