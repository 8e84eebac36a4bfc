import { createPool, type DatabasePool, type DatabaseTarget } from '@caregraph/database';

/** Connections of the bench itself, past the subgraphs. */
export interface StorePools {
  readonly pools: ReadonlyMap<string, DatabasePool>;
  end(): Promise<void>;
}

export function openStores(databases: Readonly<Record<string, DatabaseTarget>>): StorePools {
  const pools = new Map(
    Object.entries(databases).map(([store, target]) => [
      store,
      createPool(target, {
        maxConnections: 2,
        statementTimeoutMs: 60_000,
        applicationName: 'bench',
      }),
    ]),
  );
  return {
    pools,
    end: async () => void (await Promise.all([...pools.values()].map((pool) => pool.end()))),
  };
}
