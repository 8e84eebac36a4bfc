import type { Logger } from '@caregraph/observability';
import { eventContracts, type EventData, type EventType } from './contract/event-contract.ts';
import type { EventEnvelope } from './event.ts';
import type { SqlSession, TransactionalStore } from './sql-session.ts';
import type { EventConsumer } from './transport.ts';

/** What a consumer does with an event, in the transaction that marks it as received. */
export type EventHandlers<TTx> = {
  readonly [TType in EventType]?: (
    tx: TTx,
    event: Omit<EventEnvelope, 'data'> & { readonly data: EventData<TType> },
  ) => Promise<void>;
};

export interface InboxOptions<TTx extends SqlSession> {
  readonly name: string;
  readonly store: TransactionalStore<TTx>;
  readonly handlers: EventHandlers<TTx>;
  readonly log: Logger;
  /** Tells faults that pass (a lost connection, a deadlock) from events that can never be taken. */
  readonly isTransient: (error: unknown) => boolean;
}

/**
 * Creates a consumer that takes each event exactly once: the inbox row and the effect commit
 * together. An event that can never be taken is set aside with its reason and does not block
 * those behind it.
 */
export function createInbox<TTx extends SqlSession>(options: InboxOptions<TTx>): EventConsumer {
  return {
    name: options.name,
    async receive(events) {
      const wanted = events.filter((event) => options.handlers[event.type] !== undefined);
      if (wanted.length === 0) return;
      try {
        await takeTogether(options, wanted);
      } catch (error) {
        if (options.isTransient(error)) throw error;
        for (const event of wanted) await takeOrSetAside(options, event);
      }
    },
  };
}

async function takeTogether<TTx extends SqlSession>(
  { store, handlers }: InboxOptions<TTx>,
  events: readonly EventEnvelope[],
): Promise<void> {
  await store.$transaction(async (tx) => {
    const fresh = await markReceived(tx, events, 'TAKEN', null);
    for (const event of events) {
      if (fresh.has(event.id)) await handle(tx, handlers, event);
    }
  });
}

async function handle<TTx>(
  tx: TTx,
  handlers: EventHandlers<TTx>,
  event: EventEnvelope,
): Promise<void> {
  const handler = handlers[event.type] as
    ((tx: TTx, event: EventEnvelope) => Promise<void>) | undefined;
  // The contract that checks the data is the one that the handler's type was made from.
  await handler?.(tx, { ...event, data: eventContracts[event.type].parse(event.data) });
}

async function takeOrSetAside<TTx extends SqlSession>(
  options: InboxOptions<TTx>,
  event: EventEnvelope,
): Promise<void> {
  try {
    await takeTogether(options, [event]);
  } catch (error) {
    if (options.isTransient(error)) throw error;
    const reason = error instanceof Error ? error.name : 'unknown';
    options.log.error('an event was set aside', { event: event.type, reason, error });
    await options.store.$transaction((tx) => markReceived(tx, [event], 'SET_ASIDE', reason));
  }
}

async function markReceived(
  tx: SqlSession,
  events: readonly EventEnvelope[],
  state: 'TAKEN' | 'SET_ASIDE',
  reason: string | null,
): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(
    `INSERT INTO inbox_message (id, type, source, envelope, state, reason, received_at)
     SELECT (one->>'id')::uuid, one->>'type', one->>'source',
            CASE WHEN $2 = 'SET_ASIDE' THEN one END, $2, $3, now()
     FROM jsonb_array_elements($1::jsonb) AS one
     ON CONFLICT (id) DO NOTHING RETURNING id::text`,
    storableJson(events),
    state,
    reason,
  );
  return new Set(rows.map((row) => row.id));
}

/** jsonb takes no NUL; an event that carries one must still be set aside instead of blocking. */
function storableJson(events: readonly EventEnvelope[]): string {
  return JSON.stringify(events).replaceAll('\\u0000', '\\ufffd');
}
