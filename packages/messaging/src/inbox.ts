import type { Logger } from '@caregraph/observability';
import { eventContracts, type EventData, type EventType } from './contract/event-contract.ts';
import type { EventEnvelope } from './event.ts';
import type { SqlSession, TransactionalStore } from './sql-session.ts';
import type { EventConsumer } from './transport.ts';

/** An event whose data was checked against its contract. */
export type ReceivedEvent<TType extends EventType> = Omit<EventEnvelope, 'data'> & {
  readonly data: EventData<TType>;
};

/**
 * What a consumer does with the events of a type that came together, in the transaction that marks
 * them as received. All at once, because a busy store sends hundreds in a second.
 */
export type EventHandlers<TTx> = {
  readonly [TType in EventType]?: (tx: TTx, events: ReceivedEvent<TType>[]) => Promise<void>;
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
  let earlier: Promise<void> = Promise.resolve();

  async function take(events: readonly EventEnvelope[]): Promise<void> {
    try {
      await takeTogether(options, events);
    } catch (error) {
      if (options.isTransient(error)) throw error;
      for (const event of events) await takeOrSetAside(options, event);
    }
  }

  return {
    name: options.name,
    receive(events) {
      const wanted = events.filter((event) => options.handlers[event.type] !== undefined);
      if (wanted.length === 0) return Promise.resolve();
      // One delivery at a time: two that touch the same patients would wait for each other's locks.
      const taking = earlier.then(() => take(wanted));
      earlier = taking.catch(() => undefined);
      return taking;
    },
  };
}

/** Batches are bounded by the relay; a slow disk may still take its time over one. */
const transactionLimits = { maxWait: 10_000, timeout: 30_000 };

async function takeTogether<TTx extends SqlSession>(
  { store, handlers }: InboxOptions<TTx>,
  events: readonly EventEnvelope[],
): Promise<void> {
  await store.$transaction(async (tx) => {
    const marked = await markReceived(tx, events, 'TAKEN', null);
    const fresh = events.filter((event) => marked.has(event.id));
    for (const type of new Set(fresh.map((event) => event.type))) {
      const ofType = fresh.filter((event) => event.type === type);
      await handle(tx, handlers, type, ofType);
    }
  }, transactionLimits);
}

async function handle<TTx>(
  tx: TTx,
  handlers: EventHandlers<TTx>,
  type: EventType,
  events: readonly EventEnvelope[],
): Promise<void> {
  // The contract that checks the data is the one that the handler's type was made from.
  const handler = handlers[type] as
    ((tx: TTx, events: EventEnvelope[]) => Promise<void>) | undefined;
  const contract = eventContracts[type];
  await handler?.(
    tx,
    events.map((event) => ({ ...event, data: contract.parse(event.data) })),
  );
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
