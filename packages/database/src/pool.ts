import pg from 'pg';
import type { DatabaseTarget } from './target.ts';

/** A pool of connections to one database. */
export type DatabasePool = pg.Pool;

export interface PoolOptions {
  readonly maxConnections: number;
  /** The server cancels a statement that runs longer, in milliseconds; 0 for no limit. */
  readonly statementTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /**
   * The server ends a transaction that lasts longer, in milliseconds (PostgreSQL 17 and later; an
   * older server ignores it). An open transaction holds back every feed, so writes are bounded;
   * jobs that commit in batches may leave it out.
   */
  readonly transactionTimeoutMs?: number;
  /** How long a caller waits for a free connection, in milliseconds; 5,000 when absent. */
  readonly acquireTimeoutMs?: number;
  /** Told of a connection that broke while idle; the pool replaces it by itself. */
  readonly onIdleConnectionLost?: (error: Error) => void;
}

type Listener = (sql: string) => void;

/** Who listens to the statements of a pool; only tests and diagnosis add to it. */
const listenersOf = new WeakMap<pg.Pool, Set<Listener>>();

/**
 * Makes a pool; no connection is opened before the first statement.
 *
 * Sessions run in UTC whatever the server's default: the Prisma adapter writes timestamps without a
 * zone and reads them as UTC, so another session zone would shift every instant.
 *
 * @example createPool(target, { maxConnections: 16, statementTimeoutMs: 10_000, applicationName: 'patient' })
 */
export function createPool(target: DatabaseTarget, options: PoolOptions): DatabasePool {
  const listeners = new Set<Listener>();
  const pool = new pg.Pool({
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    ...(target.ssl ? { ssl: target.ssl } : {}),
    max: options.maxConnections,
    application_name: options.applicationName,
    options: `-c TimeZone=UTC -c statement_timeout=${options.statementTimeoutMs}`,
    // The pool waits for this promise and fails the connection when it rejects; only its types say
    // that it takes none.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    onConnect: (client) => boundTransactions(client, options.transactionTimeoutMs),
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  listenersOf.set(pool, listeners);
  pool.on('connect', (client) => tellListeners(client, listeners));
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', (error) => options.onIdleConnectionLost?.(error));
  return pool;
}

/** Only PostgreSQL 17 and later bound a whole transaction; older ones have no such setting. */
async function boundTransactions(
  client: pg.ClientBase,
  limitMs: number | undefined,
): Promise<void> {
  if (limitMs === undefined) return;
  await client.query(
    `SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'transaction_timeout'`,
    [String(limitMs)],
  );
}

function tellListeners(client: pg.PoolClient, listeners: ReadonlySet<Listener>): void {
  const send = client.query;
  const observed = function (this: unknown, ...args: unknown[]): unknown {
    if (listeners.size > 0) {
      const sql = textOf(args[0]);
      for (const listener of listeners) listener(sql);
    }
    return Reflect.apply(send, client, args);
  };
  // Only the outside is replaced: arguments and result pass through, whichever overload is called.
  Object.defineProperty(client, 'query', { value: observed, configurable: true, writable: true });
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  if (typeof query === 'object' && query !== null && 'text' in query) return String(query.text);
  return '(stream)';
}

export interface CountedStatements<T> {
  readonly result: T;
  /** All statements that were sent, BEGIN and COMMIT too. */
  readonly count: number;
  readonly statements: readonly string[];
}

/**
 * Runs `work` and counts the SQL statements that this pool sends to PostgreSQL meanwhile, whoever
 * sends them: plain pg, Prisma over `createStoreAdapter`, transaction control. For tests that prove
 * that a query over 50 patients costs no more statements than one over 5. Statements of anyone else
 * who uses the same pool at the same time count too.
 *
 * @example const { count } = await countStatements(pool, () => query(fiftyPatients));
 */
export async function countStatements<T>(
  pool: DatabasePool,
  work: () => Promise<T>,
): Promise<CountedStatements<T>> {
  const listeners = listenersOf.get(pool);
  if (!listeners) throw new TypeError('countStatements takes a pool made by createPool');
  const statements: string[] = [];
  const listener = (sql: string): void => void statements.push(sql);
  listeners.add(listener);
  try {
    const result = await work();
    return { result, count: statements.length, statements };
  } finally {
    listeners.delete(listener);
  }
}
