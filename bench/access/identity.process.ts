import fastify from 'fastify';
import { z } from 'zod';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createPool } from '@caregraph/database';
import { createIdentity, partnerRegistration } from '@caregraph/identity';
import { createLogger } from '@caregraph/observability';
import { runChild } from '../process/child.ts';
import { databaseTarget } from '../stores/database-targets.ts';
import { appRedirect, type ProviderStarted } from './provider-started.ts';

const settingsSchema = z.object({
  database: databaseTarget,
  port: z.int(),
  people: z.int(),
  partnerJwk: z.record(z.string(), z.unknown()),
});

/** CareGraph's identity over PostgreSQL, with people who have passwords and a partner with a key. */
runChild(async (settings) => {
  const { database, port, people, partnerJwk } = settingsSchema.parse(settings);
  const [clock, ids] = [systemClock, createIdSource(systemClock)];
  const publicUrl = `http://127.0.0.1:${port}`;
  const pool = createPool(database, {
    maxConnections: 12,
    statementTimeoutMs: 10_000,
    applicationName: 'bench-identity',
  });
  const place = { id: ids.next(), area: { id: ids.next() } };
  const identity = await createIdentity({
    pool,
    sealingKey: new Uint8Array(32).fill(7),
    issuer: `${publicUrl}/identity`,
    publicUrl,
    audience: 'https://caregraph.invalid/graph',
    extraAppRedirects: [appRedirect],
    tellRevocation: async () => {},
    askInstitution: async (_authorization, document, { id = '' }) => answerOf(document, id, place),
    clock,
    ids,
    log: createLogger({ service: 'identity', level: 'warn', destination: process.stderr }),
  });
  const made = [];
  for (let index = 0; index < people; index += 1) {
    const person = { staffId: ids.next(), username: `person-${index}`, hasSecondFactor: false };
    const account = await identity.accounts?.addDemoAccount(person);
    made.push({ username: person.username, password: account?.password ?? '' });
  }
  const partnerId = ids.next();
  await identity.partnerKeys.register(
    partnerRegistration.parse({ partnerId, jwks: { keys: [partnerJwk] }, scope: ['patient:read'] }),
  );
  const app = fastify({ forceCloseConnections: true });
  await identity.install(app, '/identity');
  await app.listen({ host: '127.0.0.1', port });
  await identity.start();
  const started: ProviderStarted = {
    ...{ issuer: `${publicUrl}/identity`, appClientId: 'field-app', partnerId, people: made },
    fields: { username: 'username', password: 'password' },
  };
  return {
    started,
    async stop() {
      await app.close();
      await identity.stop();
      await pool.end();
    },
  };
});

/** The institution's words about whoever is asked for. */
function answerOf(document: string, id: string, place: { id: string; area: { id: string } }) {
  if (!document.includes('staffMember')) {
    return { data: { partner: { id, state: 'ACTIVE', version: 1, institution: place } } };
  }
  const areas = [place.area];
  const staffMember = { id, role: 'HEALTH_WORKER', version: 1, dismissedAt: null, areas };
  return { data: { staffMember: { ...staffMember, institution: { id: place.id } } } };
}
