import fastify from 'fastify';
import { createPool } from '@caregraph/database';
import { runChild } from '../process/child.ts';
import { databaseTargets } from '../stores/database-targets.ts';
import { createHandwrittenList } from './handwritten-list.ts';

/**
 * The peer: what a careful developer writes by hand for this one list, when nobody asks for
 * security, audit or another query.
 */
runChild(async (settings) => {
  const targets = databaseTargets.parse(settings['databases']);
  const open = (name: keyof typeof targets) =>
    createPool(targets[name], {
      maxConnections: 12,
      statementTimeoutMs: 10_000,
      applicationName: `handwritten-${name}`,
    });
  const pools = {
    patient: open('patient'),
    clinical: open('clinical'),
    prescription: open('prescription'),
    institution: open('institution'),
  };
  const list = createHandwrittenList(pools);
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.get('/patients', () => list(50));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    started: { url },
    async stop() {
      await app.close();
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
    },
  };
});
