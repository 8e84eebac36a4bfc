import { z } from 'zod';
import { createPool, startEmbeddedPostgres } from '@caregraph/database';
import { runChild } from '../process/child.ts';

const settingsSchema = z.object({ dataDirectory: z.string() });

/** The floor: the same PostgreSQL by itself, up to its first answer. */
runChild(async (settings) => {
  const { dataDirectory } = settingsSchema.parse(settings);
  const server = await startEmbeddedPostgres({ dataDirectory, log: () => {} });
  const pool = createPool(server.target, {
    maxConnections: 1,
    statementTimeoutMs: 10_000,
    applicationName: 'bench',
  });
  await pool.query('SELECT 1');
  return {
    started: {},
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
});
