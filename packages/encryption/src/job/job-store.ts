import type { DatabasePool } from '@caregraph/database';
import type { JobName, JobProgress, JobRow } from './key-job.ts';

const columns = `id::text, store, kind, subject, state, phase, position, done::float8 AS done,
  total::float8 AS total, not_before AS "notBefore", created_at AS "createdAt",
  updated_at AS "updatedAt", finished_at AS "finishedAt"`;

/** The jobs of a deployment, in its key database. */
export interface JobStore {
  /** The open job of this name; made with `begin` where there is none. */
  open(id: string, name: JobName, begin: () => Promise<JobProgress>, at: Date): Promise<JobRow>;
  save(id: string, progress: JobProgress, at: Date): Promise<void>;
  finish(id: string, at: Date): Promise<void>;
  /** Open jobs, oldest first. */
  openJobs(): Promise<JobRow[]>;
  /** The jobs of a kind that ended, latest first. */
  finished(kind: string): Promise<JobRow[]>;
  /**
   * Runs `work` while nobody else runs the same job, in any process.
   *
   * @returns undefined when somebody does
   */
  alone<T>(name: JobName, work: () => Promise<T>): Promise<T | undefined>;
}

export function createJobStore(pool: DatabasePool): JobStore {
  const findOpen = async ({ store, kind, subject }: JobName) => {
    const { rows } = await pool.query<JobRow>(
      `SELECT ${columns} FROM key_job
       WHERE store = $1 AND kind = $2 AND subject = $3 AND state <> 'DONE'`,
      [store, kind, subject],
    );
    return rows[0];
  };
  return {
    async open(id, name, begin, at) {
      const known = await findOpen(name);
      if (known !== undefined) return known;
      const { phase, position, done, total } = await begin();
      await pool.query(
        `INSERT INTO key_job (id, store, kind, subject, state, phase, position, done, total,
           created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'RUNNING', $5, $6, $7, $8, $9, $9)
         ON CONFLICT (store, kind, subject) WHERE state <> 'DONE' DO NOTHING`,
        [id, name.store, name.kind, name.subject, phase, position, done, total, at],
      );
      const made = await findOpen(name);
      if (made === undefined) throw new Error('a job ended while it was begun');
      return made;
    },
    async save(id, { phase, position, done, total, notBefore }, at) {
      await pool.query(
        `UPDATE key_job SET state = CASE WHEN $6::timestamptz IS NULL THEN 'RUNNING' ELSE 'WAITING' END,
           phase = $2, position = $3, done = $4, total = $5, not_before = $6, updated_at = $7
         WHERE id = $1`,
        [id, phase, position, done, total, notBefore ?? null, at],
      );
    },
    async finish(id, at) {
      await pool.query(
        `UPDATE key_job SET state = 'DONE', not_before = NULL, updated_at = $2, finished_at = $2
         WHERE id = $1`,
        [id, at],
      );
    },
    async openJobs() {
      const { rows } = await pool.query<JobRow>(
        `SELECT ${columns} FROM key_job WHERE state <> 'DONE' ORDER BY created_at, id`,
      );
      return rows;
    },
    async finished(kind) {
      const { rows } = await pool.query<JobRow>(
        `SELECT ${columns} FROM key_job WHERE kind = $1 AND state = 'DONE'
         ORDER BY finished_at DESC LIMIT 50`,
        [kind],
      );
      return rows;
    },
    alone: (name, work) => runAlone(pool, name, work),
  };
}

/** The lock is the session's: it ends with the process, however that ends. */
async function runAlone<T>(
  pool: DatabasePool,
  { store, kind, subject }: JobName,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const client = await pool.connect();
  // Idle for as long as the job runs: without a listener a restart of the server would end the process.
  client.on('error', ignoreLost);
  const lock = [`caregraph key job ${store}/${kind}/${subject}`];
  let isLost = false;
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
      lock,
    );
    if (rows[0]?.taken !== true) return undefined;
    try {
      return await work();
    } finally {
      await client
        .query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', lock)
        .catch(() => (isLost = true));
    }
  } finally {
    client.off('error', ignoreLost);
    // A connection that may still hold the lock must not come back to the pool.
    client.release(isLost);
  }
}

/** The lock ends with its connection; the job finds out by its own statements. */
function ignoreLost(): void {}
