/** What messaging and the operation engine need of an open transaction: two raw SQL calls. */
export interface SqlSession {
  /** Runs a query with $1… parameters and gives its rows. */
  $queryRawUnsafe<TRow>(sql: string, ...values: unknown[]): Promise<TRow>;
  /** Runs a statement with $1… parameters and gives the number of rows it touched. */
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

/** A store whose transactions hand out sessions of type TTx: every generated Prisma client. */
export interface TransactionalStore<TTx extends SqlSession> {
  $transaction<TResult>(
    run: (tx: TTx) => Promise<TResult>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<TResult>;
}

/** A connection pool that runs one statement at a time: pg's Pool. */
export interface SqlPool {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}
