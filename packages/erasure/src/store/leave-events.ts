import { outboxInsertSql, toOutboxRows, type EventDraft } from '@caregraph/messaging';
import type { ErasureTx } from './erasure-transaction.ts';
import type { ErasureOrder } from './store-erasure.ts';

/** Puts events into the outbox, in the transaction of the erasure that they tell of. */
export async function leaveEvents(
  tx: ErasureTx,
  drafts: readonly EventDraft[],
  { ids, at }: Pick<ErasureOrder, 'ids' | 'at'>,
): Promise<void> {
  if (drafts.length === 0) return;
  const rows = toOutboxRows(drafts, { ids, clock: { now: () => at } });
  await tx.query(outboxInsertSql('$1'), [JSON.stringify(rows)]);
}

/** Who erases, in the audit record: nobody signs in to the command that does it, so why is said. */
const operator = { id: 'caregraph', clientId: 'caregraph-erasure', roles: [] };

/**
 * The audit record of an erasure in one person's record: ids only.
 *
 * Threat: the audit record shows who was related to the person that was erased, because one event
 * names both. Defence: an event, and a request id, for each of them.
 */
export function erasureEvent(
  written: { readonly patientId: string; readonly types: string[]; readonly institutionId: string },
  { ids, at, reason }: Pick<ErasureOrder, 'ids' | 'at' | 'reason'>,
): EventDraft {
  const requestId = ids.next();
  const { patientId, types, institutionId } = written;
  return {
    type: 'org.caregraph.record.accessed.v1',
    subject: requestId,
    data: {
      requestId,
      subgraph: 'patient',
      action: 'WRITE',
      actor: { ...operator, institutionId },
      purpose: `erasure.${reason}`,
      at: at.toISOString(),
      operation: 'erasePatient',
      outcome: 'APPLIED',
      accesses: [{ patientId, types }],
    },
  };
}
