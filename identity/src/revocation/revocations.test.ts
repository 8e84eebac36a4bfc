import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Revocation } from '@caregraph/access';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { createPool, type DatabasePool } from '@caregraph/database';
import { createLogger } from '@caregraph/observability';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';
import { createIdentityClient, type IdentityClient } from '../store/client.ts';
import { createRevocations } from './revocations.ts';

let database: TestDatabase;
let pool: DatabasePool;
let store: IdentityClient;
beforeAll(async () => {
  database = await createTestDatabase('identity');
  pool = createPool(database.target, {
    ...{ maxConnections: 4, statementTimeoutMs: 10_000, applicationName: 'revocations-test' },
  });
  store = createIdentityClient(pool);
});
afterAll(async () => {
  await store.$disconnect();
  await pool.end();
  await database.drop();
});

test('what nobody hears waits in the store until somebody does', async () => {
  const ids = createIdSource(clock);
  const log = createLogger({ service: 'identity', level: 'silent' });
  const deps = { store, clock, ids, log };
  const alone = createRevocations({ ...deps, tell: undefined });
  const subject = ids.next();
  await alone.revoke('session', subject, 'signed out');
  await alone.tellAll();
  expect(await alone.tellPending()).toBe(0);
  const untold = () => store.revocation.count({ where: { subject, toldAt: null } });
  expect(await untold()).toBe(1);

  const told: Revocation[] = [];
  const heard = createRevocations({ ...deps, tell: async (one) => void told.push(one) });
  expect(await heard.tellPending()).toBe(1);
  expect(told).toMatchObject([{ kind: 'session', id: subject }]);
  expect(await untold()).toBe(0);
});
