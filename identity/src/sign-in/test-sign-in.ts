import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import Fastify from 'fastify';
import type { Role } from '@caregraph/access';
import { createIdSource, systemClock, type Clock } from '@caregraph/clock';
import { createPool } from '@caregraph/database';
import { createLogger } from '@caregraph/observability';
import { createTestDatabase } from '@caregraph/testbed';
import { createIdentityClient } from '../store/client.ts';
import { createSealedValues } from '../store/sealed-value.ts';
import { createRevocations } from '../revocation/revocations.ts';
import type { Interactions } from '../provider/interactions.ts';
import { createSignIn } from './sign-in.ts';

export interface SignInRig {
  readonly url: string;
  readonly signIn: ReturnType<typeof createSignIn>;
  readonly store: ReturnType<typeof createIdentityClient>;
  /** How sign-ins ended: whose they were, and how the person proved it. */
  readonly finished: { accountId: string; amr: readonly string[] }[];
  readonly lines: string[];
  /** An account that has a password. @returns the staff id */
  addPerson(username: string, role: Role, password?: string): Promise<string>;
  dismiss(staffId: string): void;
  stop(): Promise<void>;
}

/** The pages over a real database; the provider behind them only remembers how a sign-in ended. */
export async function startSignIn(clock: Clock = systemClock): Promise<SignInRig> {
  const database = await createTestDatabase('identity');
  const pool = createPool(database.target, {
    ...{ maxConnections: 8, applicationName: 'sign-in-test', statementTimeoutMs: 10_000 },
  });
  const store = createIdentityClient(pool);
  const ids = createIdSource(systemClock);
  const roles = new Map<string, Role>();
  const finished: SignInRig['finished'] = [];
  const lines: string[] = [];
  const interactions: Interactions = {
    details: (request) => {
      const uid = /interaction\/([^/?]+)/.exec(request.url)?.[1] ?? '';
      const redirectUri = 'org.caregraph.field:/signed-in';
      const details = { uid, promptName: 'login', clientId: 'field-app', redirectUri };
      return Promise.resolve({ ...details, uiLocales: undefined, loginHint: undefined });
    },
    finish: async (_request, reply, result) => {
      if ('login' in result) finished.push(result.login);
      return reply.redirect('/client', 303);
    },
    sessionAtHand: () => Promise.resolve(undefined),
  };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = createLogger({
    ...{ service: 'identity', level: 'debug' },
    destination: { write: (line: string) => void lines.push(line) },
  });
  const signIn = createSignIn({
    ...{ store, sealed: createSealedValues(randomBytes(32)), interactions, publicUrl: url },
    ...{ clock, ids, log },
    revocations: createRevocations({ store, tell: () => Promise.resolve(), clock, ids, log }),
    staff: {
      factsOf(staffId) {
        const role = roles.get(staffId);
        if (role === undefined) return Promise.resolve({ kind: 'gone' });
        const facts = { staffId, role, institutionId: ids.next(), areaRoots: [] };
        return Promise.resolve({ kind: 'known', facts });
      },
    },
  });
  const server = Fastify({ forceCloseConnections: true });
  server.get('/client', (_request, reply) => reply.type('text/html').send('<h1>Signed in</h1>'));
  await signIn.install(server, '/identity');
  await server.listen({ host: '127.0.0.1', port });
  return {
    ...{ url, signIn, store, finished, lines },
    async addPerson(username, role, password) {
      const staffId = ids.next();
      roles.set(staffId, role);
      await signIn.accounts.createAccount({ staffId, username });
      if (password !== undefined) {
        const { token } = await signIn.accounts.enrolmentLink(staffId, 'ENROL');
        await signIn.accounts.enrolment.useLink(token, password);
      }
      return staffId;
    },
    dismiss: (staffId) => void roles.delete(staffId),
    async stop() {
      await server.close();
      await store.$disconnect();
      await pool.end();
      await database.drop();
    },
  };
}

/** The pages have to know their address before they are served. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      server.close(() => resolve(port));
    });
  });
}
