import { isTransientDatabaseFault } from '@caregraph/database';
import type { Clock, IdSource } from '@caregraph/clock';
import { outboxInsertSql, toOutboxRows, type EventDraft, type SqlPool } from '@caregraph/messaging';

/** Commits access intents; requests that wait at the same time share one transaction. */
export interface AccessCommitter {
  /** Resolves when the intent is durable. @throws whatever the database throws */
  commit(intent: EventDraft): Promise<void>;
}

interface Waiting {
  readonly intent: EventDraft;
  resolve(): void;
  reject(reason: unknown): void;
}

const maxBatch = 500;

/**
 * Creates the group commit of read audits: while one insert is under way, the intents of other
 * requests gather and go with the next, so that a busy server pays one commit for many reads.
 */
export function createAccessCommitter(options: {
  pool: SqlPool;
  clock: Clock;
  ids: IdSource;
  onCommit: () => void;
}): AccessCommitter {
  const { pool, onCommit } = options;
  const waiting: Waiting[] = [];
  let committing = false;

  async function insert(batch: readonly Waiting[]): Promise<void> {
    const intents = batch.map((one) => one.intent);
    await pool.query(outboxInsertSql('$1'), [JSON.stringify(toOutboxRows(intents, options))]);
    for (const one of batch) one.resolve();
    onCommit();
  }

  /** One intent that cannot be stored must not take the answers of strangers with it. */
  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      await insert(batch);
    } catch (error) {
      const apart = batch.length > 1 && !isTransientDatabaseFault(error);
      if (apart) for (const one of batch) await settle([one]);
      else for (const one of batch) one.reject(error);
    }
  }

  async function commitWaiting(): Promise<void> {
    committing = true;
    while (waiting.length > 0) await settle(waiting.splice(0, maxBatch));
    committing = false;
  }

  return {
    commit(intent) {
      return new Promise((resolve, reject) => {
        waiting.push({ intent, resolve, reject });
        if (!committing) void commitWaiting();
      });
    },
  };
}
