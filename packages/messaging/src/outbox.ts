import type { Clock, IdSource } from '@caregraph/clock';
import { eventContracts } from './contract/event-contract.ts';
import type { EventDraft } from './event.ts';

/** A row of the outbox table, ready to insert. */
export interface OutboxRow {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  readonly created_at: string;
}

/**
 * Gives drafts their ids and times, after checking them against their contracts: an event that
 * does not fit is a defect of the writer and must fail its transaction.
 */
export function toOutboxRows(
  drafts: readonly EventDraft[],
  { clock, ids }: { clock: Clock; ids: IdSource },
): OutboxRow[] {
  return drafts.map((draft) => ({
    id: ids.next(),
    type: draft.type,
    subject: draft.subject,
    data: eventContracts[draft.type].parse(draft.data),
    created_at: clock.now().toISOString(),
  }));
}

/** SQL that inserts outbox rows given as one JSON parameter. */
export function outboxInsertSql(parameter: string): string {
  return `INSERT INTO outbox_event (id, type, subject, data, created_at)
    SELECT id, type, subject, data, created_at FROM jsonb_to_recordset(${parameter}::jsonb)
    AS row(id uuid, type text, subject text, data jsonb, created_at timestamptz)`;
}
