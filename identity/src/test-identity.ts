import type { Redis } from 'ioredis';
import fastify, { type FastifyInstance } from 'fastify';
import * as client from 'openid-client';
import { createIdSource, systemClock, type Clock } from '@caregraph/clock';
import type { Revocation } from '@caregraph/access';
import { createPool, type DatabasePool } from '@caregraph/database';
import { createLogger } from '@caregraph/observability';
import { createTestDatabase } from '@caregraph/testbed';
import { createIdentity, type Identity, type SignInFactory } from './index.ts';
import type { CertificateOf } from './provider/client-certificate.ts';
import { createIdentityClient, type IdentityClient } from './store/client.ts';

export const audience = 'https://caregraph.test/graph';
export const appRedirect = 'http://127.0.0.1/signed-in';
const prefix = '/identity';

/** What the institution subgraph would say; tests change it. */
export interface FakeInstitution {
  away: boolean;
  questions: number;
  readonly staff: Map<string, { role: string; version: number; dismissed: boolean }>;
  readonly devices: Map<string, { state: string; institutionId: string }>;
  readonly partners: Map<string, { state: string; version: number }>;
  readonly institutionId: string;
  readonly areaId: string;
}

export interface TestIdentity {
  readonly app: FastifyInstance;
  readonly identity: Identity;
  readonly store: IdentityClient;
  readonly pool: DatabasePool;
  readonly issuer: string;
  readonly url: string;
  readonly institution: FakeInstitution;
  readonly told: Revocation[];
  readonly clock: Clock & { advance(ms: number): void };
  readonly ids: ReturnType<typeof createIdSource>;
  /** Registers a staff member with an account. @returns the staff id */
  addStaff(role?: string): Promise<string>;
  /** Whom the sign-in page lets in next. */
  signInAs(staffId: string): void;
  discover(clientId: string, auth?: client.ClientAuth): Promise<client.Configuration>;
  stop(): Promise<void>;
}

/** The machine's clock, ahead by what a test says. */
function movableClock(): Clock & { advance(ms: number): void } {
  let aheadMs = 0;
  return {
    now: () => new Date(systemClock.now().getTime() + aheadMs),
    advance: (ms) => {
      aheadMs += ms;
    },
  };
}

export interface TestIdentityOptions {
  readonly signIn?: SignInFactory;
  readonly certificate?: CertificateOf;
  readonly redis?: Redis;
}

/** A provider over a real database, with a stand-in for the institution and the sign-in page. */
export async function startTestIdentity(options: TestIdentityOptions = {}): Promise<TestIdentity> {
  const database = await createTestDatabase('identity');
  const pool = createPool(database.target, {
    maxConnections: 10,
    statementTimeoutMs: 20_000,
    acquireTimeoutMs: 60_000,
    applicationName: 'identity-test',
  });
  const clock = movableClock();
  const ids = createIdSource(clock);
  const institution = fakeInstitution(ids);
  const told: Revocation[] = [];
  const app = fastify({ forceCloseConnections: true });
  app.get('/healthz', async () => 'ok');
  let signedIn = '';
  const port = await portOf();
  const publicUrl = `http://127.0.0.1:${port}`;
  const identity = await createIdentity({
    pool,
    sealingKey: new Uint8Array(32).fill(7),
    issuer: `${publicUrl}${prefix}`,
    publicUrl,
    audience,
    extraAppRedirects: [appRedirect],
    tellRevocation: async (revocation) => void told.push(revocation),
    askInstitution: async (_authorization, document, variables) =>
      answer(institution, document, variables),
    signIn: options.signIn ?? instantSignIn(() => signedIn),
    ...(options.redis && { redis: options.redis }),
    ...(options.certificate && { clientCertificate: options.certificate }),
    clock,
    ids,
    log: createLogger({ service: 'identity', level: 'silent' }),
  });
  await identity.install(app, prefix);
  await app.listen({ host: '127.0.0.1', port });
  await identity.start();
  const store = createIdentityClient(pool);
  return {
    ...{ app, identity, store, pool, issuer: `${publicUrl}${prefix}`, url: publicUrl },
    ...{ institution, told, clock, ids },
    async addStaff(role = 'HEALTH_WORKER') {
      const staffId = ids.next();
      institution.staff.set(staffId, { role, version: 1, dismissed: false });
      const now = clock.now();
      await store.account.create({
        data: {
          staffId,
          username: staffId,
          passwordHash: '',
          passwordChangedAt: now,
          createdAt: now,
          updatedAt: now,
        },
      });
      return staffId;
    },
    signInAs: (staffId) => void (signedIn = staffId),
    discover: (clientId, auth = client.None()) =>
      client.discovery(new URL(`${publicUrl}${prefix}`), clientId, undefined, auth, {
        execute: [client.allowInsecureRequests],
      }),
    async stop() {
      await app.close();
      await identity.stop();
      await store.$disconnect();
      await pool.end();
      await database.drop();
    },
  };
}

async function portOf(): Promise<number> {
  const probe = fastify();
  const address = await probe.listen({ host: '127.0.0.1', port: 0 });
  await probe.close();
  return Number(new URL(address).port);
}

function fakeInstitution(ids: { next(): string }): FakeInstitution {
  return {
    away: false,
    questions: 0,
    staff: new Map(),
    devices: new Map(),
    partners: new Map(),
    institutionId: ids.next(),
    areaId: ids.next(),
  };
}

function answer(
  institution: FakeInstitution,
  document: string,
  { id = '' }: Readonly<Record<string, string>>,
): unknown {
  institution.questions += 1;
  if (institution.away) throw new Error('away');
  const place = { id: institution.institutionId, area: { id: institution.areaId } };
  const staff = institution.staff.get(id);
  const device = institution.devices.get(id);
  const partner = institution.partners.get(id);
  if (document.includes('staffMember')) {
    const { role, version, dismissed = false } = staff ?? {};
    const dismissedAt = dismissed ? '2026-01-01T00:00:00Z' : null;
    const areas = [{ id: institution.areaId }];
    const found = { id, role, version, dismissedAt, institution: { id: place.id }, areas };
    return { data: { staffMember: staff ? found : null } };
  }
  if (document.includes('device(')) {
    const found = device && { id, state: device.state, institution: { id: device.institutionId } };
    return { data: { device: found ?? null } };
  }
  return { data: { partner: partner ? { id, ...partner, institution: place } : null } };
}

/** Lets in whoever the test says, without a page. */
function instantSignIn(staffId: () => string): SignInFactory {
  return ({ interactions }) => ({
    deviceCodePages: {
      userCodeInputSource: (ctx, form) => void (ctx.body = form),
      userCodeConfirmSource: (ctx, form) => void (ctx.body = form),
      successSource: (ctx) => void (ctx.body = 'done'),
    },
    providerPages: {
      renderError: (ctx, out) => void (ctx.body = out),
      signOut: {
        logoutSource: (ctx, form) => void (ctx.body = form),
        postLogoutSuccessSource: (ctx) => void (ctx.body = 'signed out'),
      },
    },
    async install(app, at) {
      app.get(`${at}/interaction/:uid`, async (request, reply) => {
        await interactions.details(request, reply);
        const login = { accountId: staffId(), amr: ['pwd'] };
        return interactions.finish(request, reply, { login });
      });
    },
  });
}
