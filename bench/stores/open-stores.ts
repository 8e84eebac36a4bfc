import {
  createPool,
  storeNames,
  type DatabasePool,
  type DatabaseTarget,
} from '@caregraph/database';

/** Connections of the bench itself, past the subgraphs. */
export interface StorePools {
  readonly pools: ReadonlyMap<string, DatabasePool>;
  end(): Promise<void>;
}

/** Opens the stores of the subgraphs; the key database is none, and has no events. */
export function openStores(databases: Readonly<Record<string, DatabaseTarget>>): StorePools {
  const pools = new Map(
    storeNames.map((store) => [
      store,
      createPool(targetOf(databases, store), {
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

function targetOf(databases: Readonly<Record<string, DatabaseTarget>>, store: string) {
  const target = databases[store];
  if (target === undefined) throw new Error(`there is no store ${store}`);
  return target;
}
