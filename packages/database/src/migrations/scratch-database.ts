import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { onDatabase, type DatabaseTarget } from '../target.ts';

export interface ScratchDatabase {
  readonly target: DatabaseTarget;
  drop(): Promise<void>;
}

const prefix = 'caregraph_scratch_';

/**
 * Makes an empty database on the server of `target` for a look at what the migrations build. The
 * account needs the right CREATEDB. Scratch databases that a killed process left an hour ago or
 * longer are dropped on the way.
 */
export async function createScratchDatabase(target: DatabaseTarget): Promise<ScratchDatabase> {
  const name = await withClient(target, async (client) => {
    await dropAbandoned(client);
    const { rows } = await client.query<{ seconds: string }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()))::text AS seconds',
    );
    const made = `${prefix}${rows[0]?.seconds}_${randomUUID().slice(0, 8)}`;
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(made)} TEMPLATE template0`);
    return made;
  });
  return {
    target: onDatabase(target, name),
    drop: () =>
      withClient(target, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
      }),
  };
}

async function dropAbandoned(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database
     WHERE datname ~ $1
       AND split_part(datname, '_', 3)::bigint < extract(epoch FROM clock_timestamp()) - 3600`,
    [`^${prefix}[0-9]+_`],
  );
  for (const { name } of rows) {
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  }
}

/** One connection for the length of `work`. */
export async function withClient<T>(
  target: DatabaseTarget,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    ...(target.ssl ? { ssl: target.ssl } : {}),
    application_name: 'caregraph-migrate',
    options: '-c TimeZone=UTC',
    connectionTimeoutMillis: 15_000,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
