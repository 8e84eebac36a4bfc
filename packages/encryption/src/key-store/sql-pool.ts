/** What the key store needs of a connection pool: pg's Pool has it. */
export interface SqlPool {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}
