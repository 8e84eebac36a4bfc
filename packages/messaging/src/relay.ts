import type { Logger } from '@caregraph/observability';
import type { EventEnvelope } from './event.ts';
import type { SqlPool } from './sql-session.ts';
import type { EventTransport } from './transport.ts';

/** Carries a store's committed events to the transport, at least once, in the order of position. */
export interface Relay {
  start(): void;
  /** Tells the relay that something was just committed. */
  nudge(): void;
  /** Resolves with true when nothing waits in the outbox, with false at the deadline. */
  drain(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface RelayOptions {
  readonly pool: SqlPool;
  /** Who speaks, e.g. `caregraph/patient`. */
  readonly source: string;
  readonly transport: EventTransport;
  readonly log: Logger;
  /** Milliseconds between looks at the outbox when nobody nudges. */
  readonly pollMs?: number;
}

const batchSize = 200;
const maxBackoffMs = 10_000;
const drainPollMs = 20;
/** A busy store commits many events in a few milliseconds: they travel together. */
const lingerMs = 20;

interface OutboxRecord {
  readonly position: string;
  readonly id: string;
  readonly type: EventEnvelope['type'];
  readonly subject: string;
  readonly data: unknown;
  readonly created_at: Date;
}

/**
 * Creates the relay of one store. It selects by "not yet published" instead of "position greater
 * than the last", because a transaction that commits late has a smaller position.
 */
export function createRelay(options: RelayOptions): Relay {
  const { log, pollMs = 500 } = options;
  let running = false;
  let nudged = false;
  let failures = 0;
  let limit = batchSize;
  const alarm = createAlarm();
  let loop: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (running) {
      nudged = false;
      const asked = limit;
      const carried = await carryBatch(options, asked).catch((error: unknown) => {
        failures += 1;
        log.warn('events wait in the outbox', { reason: 'relay', attempts: failures, error });
        return -1;
      });
      // A batch that was too much for a consumer is offered in halves.
      limit = carried < 0 ? Math.max(1, asked >> 1) : Math.min(batchSize, asked * 2);
      if (carried >= 0) failures = 0;
      if (carried !== asked) await (nudged ? wait(lingerMs) : pause());
    }
  }

  function pause(): Promise<void> {
    const backoffMs = Math.min(pollMs * 2 ** Math.min(failures, 10), maxBackoffMs);
    return alarm.sleep(failures > 0 ? backoffMs : pollMs);
  }

  return {
    start() {
      running = true;
      loop = run();
    },
    nudge() {
      if (nudged || failures > 0) return;
      nudged = true;
      setTimeout(alarm.ring, lingerMs);
    },
    async drain(deadlineMs) {
      const looks = Math.max(1, Math.ceil(deadlineMs / drainPollMs));
      for (let look = 0; look < looks; look += 1) {
        if (await isEmpty(options.pool)) return true;
        alarm.ring();
        await wait(drainPollMs);
      }
      return false;
    },
    async stop() {
      running = false;
      alarm.ring();
      await loop;
    },
  };
}

/** A sleep that can be cut short. */
function createAlarm() {
  let wake: (() => void) | undefined;
  return {
    ring: () => wake?.(),
    async sleep(ms: number): Promise<void> {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = undefined;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function isEmpty(pool: SqlPool): Promise<boolean> {
  const { rows } = await pool.query(
    'SELECT 1 FROM outbox_event WHERE published_at IS NULL LIMIT 1',
  );
  return rows.length === 0;
}

async function carryBatch(
  { pool, source, transport }: RelayOptions,
  limit: number,
): Promise<number> {
  const { rows } = await pool.query(
    `SELECT position, id, type, subject, data, created_at FROM outbox_event
     WHERE published_at IS NULL ORDER BY position LIMIT ${limit}`,
  );
  // The columns are those of our own outbox table.
  const records = rows as OutboxRecord[];
  if (records.length === 0) return 0;
  await transport.publish(
    records.map((record) => ({
      specversion: '1.0',
      id: record.id,
      type: record.type,
      source,
      subject: record.subject,
      time: record.created_at.toISOString(),
      data: record.data,
    })),
  );
  await pool.query('UPDATE outbox_event SET published_at = now() WHERE position = ANY($1)', [
    records.map((record) => record.position),
  ]);
  return records.length;
}
