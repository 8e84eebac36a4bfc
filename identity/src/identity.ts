import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import type { JWTVerifyGetKey } from 'jose';
import {
  createTokenIssuer,
  type Revocation,
  type SigningKey,
  type TokenIssuer,
} from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import type { EventConsumer } from '@caregraph/messaging';
import { clientCertificate } from '@caregraph/network';
import type { Logger } from '@caregraph/observability';
import type { Accounts } from './account/accounts.ts';
import { createIdentityConsumer } from './event/identity-consumer.ts';
import { createSigningKeys, type SigningKeys } from './keys/signing-keys.ts';
import { createMaintenance, type Duty } from './maintenance.ts';
import { createPartnerClients } from './partner/partner-client.store.ts';
import { createPartnerKeys, type PartnerKeys } from './partner/partner-keys.ts';
import { installPartnerKeys } from './partner/partner-keys.route.ts';
import type { CertificateOf } from './provider/client-certificate.ts';
import { familyLifetimeOf } from './provider/clients.ts';
import { createProvider } from './provider/create-provider.ts';
import { createInteractions } from './provider/interactions.ts';
import { createLiveProvider, type LiveProvider } from './provider/live-provider.ts';
import { mountProvider } from './provider/mount.ts';
import { createProviderRecords, type ProviderRecords } from './provider/provider-record.ts';
import { withRedis } from './provider/redis-records.ts';
import { createTokenClaims, createTokenRequestNotes } from './provider/token-claims.ts';
import { createRefreshFamilies, type RefreshFamilies } from './refresh/refresh-family.store.ts';
import { createRefreshTokens } from './refresh/refresh-token.ts';
import { createRevocations, type Revocations } from './revocation/revocations.ts';
import { createSignIn } from './sign-in/index.ts';
import type { SignIn, SignInFactory } from './sign-in-contract.ts';
import { isEnrolledDevice } from './staff/enrolled-device.ts';
import type { AskInstitution } from './staff/institution-question.ts';
import { createStaffProjections } from './staff/staff.projection.ts';
import { createIdentityClient, type IdentityClient } from './store/client.ts';
import { createSealedValues, type SealedValues } from './store/sealed-value.ts';

export interface IdentityDependencies {
  readonly pool: DatabasePool;
  /** 32 bytes that seal what is secret in the store. */
  readonly sealingKey: Uint8Array;
  /** The `iss` of every token: the address of the provider, e.g. https://care.example/identity */
  readonly issuer: string;
  /** Where clients reach the deployment, e.g. https://care.example */
  readonly publicUrl: string;
  /** The `aud` of access tokens. */
  readonly audience: string;
  /** Further addresses that the app's codes may go to: loopback, for tests and simulators. */
  readonly extraAppRedirects?: readonly string[];
  /** The first signing key, where another process signs with it too. */
  readonly firstKey?: SigningKey;
  /** Tells verifiers of a revocation: the list in memory, or the feed; left out, nobody hears. */
  readonly tellRevocation?: (revocation: Revocation) => Promise<void>;
  /** Asks the institution subgraph with the Authorization header that is given. */
  readonly askInstitution: (
    authorization: string,
    document: string,
    variables: Readonly<Record<string, string>>,
  ) => Promise<unknown>;
  /** The client's certificate; that of the connection when left out. */
  readonly clientCertificate?: CertificateOf;
  /** Keeps sessions and sign-ins under way; left out, the store does. */
  readonly redis?: Redis;
  /** The pages; those of this package unless a test has its own. */
  readonly signIn?: SignInFactory;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

export interface Identity {
  /** Serves the provider and its pages below a prefix, e.g. `/identity` or nothing. */
  install(app: FastifyInstance, prefix: string): Promise<void>;
  /** Finds the public key of a token, for verifiers in this process. */
  readonly keys: JWTVerifyGetKey;
  /** Issues access tokens with the key of the moment: demo sign-ins, and questions of our own. */
  readonly tokens: TokenIssuer;
  readonly consumer: EventConsumer;
  /** The credentials of staff; undefined where a stand-in lets people in. */
  readonly accounts: Accounts | undefined;
  readonly partnerKeys: PartnerKeys;
  /** Publishes the next signing key, which signs as soon as every verifier can know it. */
  rotateKeys(): Promise<void>;
  /** Tells every revocation that may still matter, to whoever has forgotten or missed them. */
  tellRevocations(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  isReady(): Promise<boolean>;
}

/** A UUIDv7 that is nobody's: identity asks on behalf of no institution. */
const noInstitution = '00000000-0000-7000-8000-000000000000';

/**
 * The OAuth 2.0 and OpenID Connect provider: who signs in, with what, and for how long.
 *
 * @throws when the store cannot be read
 * @example const identity = await createIdentity(deps); await identity.install(app, '/identity');
 */
export async function createIdentity(deps: IdentityDependencies): Promise<Identity> {
  const { pool, clock, ids, log } = deps;
  const store = createIdentityClient(pool);
  const sealed = createSealedValues(deps.sealingKey);
  const { firstKey } = deps;
  const keys = await createSigningKeys({ store, sealed, clock, ...(firstKey && { firstKey }) });
  const tokens = issuerOf(keys, deps);
  const revocations = createRevocations({ store, tell: deps.tellRevocation, clock, ids, log });
  const { live, signIn, records, families } = assemble({
    deps,
    store,
    sealed,
    keys,
    revocations,
    ask: askWith(tokens, deps),
  });
  const partnerKeys = createPartnerKeys({ store, records, issuer: deps.issuer, clock });
  const maintenance = createMaintenance(
    dutiesOf({ keys, live, records, families, revocations, signIn }),
    log,
  );
  return {
    async install(app, prefix) {
      await signIn.install(app, prefix);
      await installPartnerKeys(app, prefix, partnerKeys);
      await mountProvider(app, prefix, live, deps.issuer);
    },
    keys: keys.verify,
    tokens,
    accounts: signIn.accounts,
    partnerKeys,
    consumer: createIdentityConsumer({ store, revocations, clock, log }),
    async rotateKeys() {
      await keys.rotate();
      live.renew();
    },
    tellRevocations: revocations.tellAll,
    async start() {
      await revocations.tellAll();
      maintenance.start();
    },
    async stop() {
      await maintenance.stop();
      await store.$disconnect();
    },
    isReady: () => isReady(pool),
  };
}

const sweepLimit = 5_000;

function dutiesOf(parts: {
  keys: SigningKeys;
  live: LiveProvider;
  records: ProviderRecords;
  families: RefreshFamilies;
  revocations: Revocations;
  signIn: SignIn;
}): Duty[] {
  const { keys, live, records, families, revocations, signIn } = parts;
  const refreshKeys = async () => {
    if (await keys.refresh()) live.renew();
  };
  const sweep = async () => {
    await records.removeExpired(sweepLimit);
    await families.removeEnded(sweepLimit);
    await revocations.removeExpired(sweepLimit);
    await signIn.accounts?.purge();
  };
  return [
    {
      name: 'revocations',
      everyMs: 1_000,
      run: async () => void (await revocations.tellPending()),
    },
    { name: 'keys', everyMs: 60_000, run: refreshKeys },
    { name: 'sweep', everyMs: 60_000, run: sweep },
  ];
}

interface Parts {
  readonly deps: IdentityDependencies;
  readonly store: IdentityClient;
  readonly sealed: SealedValues;
  readonly keys: SigningKeys;
  readonly revocations: Revocations;
  readonly ask: AskInstitution;
}

function assemble({ deps, store, sealed, keys, revocations, ask }: Parts) {
  const { clock, ids, log, publicUrl, issuer } = deps;
  const tokens = createRefreshTokens(sealed);
  const lifetimeOf = familyLifetimeOf;
  const families = createRefreshFamilies({ store, tokens, revocations, lifetimeOf, clock });
  const durable = createProviderRecords(store, sealed, clock);
  const records = deps.redis ? withRedis(durable, deps.redis, sealed) : durable;
  const staff = createStaffProjections({ store, ask, clock });
  const partners = createPartnerClients({ store, ask, clock });
  const onSignOut = (uid: string) => revocations.revoke('session', uid, 'signed out');
  const live: LiveProvider = createLiveProvider(() =>
    createProvider(keys.current(), {
      ...{ issuer, publicUrl, audience: deps.audience, records, tokens, families, partners, staff },
      prefix: new URL(issuer).pathname.replace(/\/$/, ''),
      extraAppRedirects: deps.extraAppRedirects ?? [],
      cookieKeys: [Buffer.from(sealed.derive('cookies')).toString('base64url')],
      claims: createTokenClaims({ staff, partners }),
      ...{ notes, ids, clock },
      passwordAge: (staffId) => passwordAgeOf(store, staffId),
      ...{ verifyingKeys: keys.verify, revocations },
      isEnrolled: (deviceId, institutionId) => isEnrolledDevice(ask, deviceId, institutionId),
      clientCertificate: deps.clientCertificate ?? clientCertificate,
      onSignOut: (uid) => {
        onSignOut(uid).catch((error: unknown) => {
          log.error('a sign-out was not recorded', { error });
        });
      },
      deviceCodePages: signIn.deviceCodePages,
      providerPages: signIn.providerPages,
      browserToken: signIn.browserToken,
    }),
  );
  const notes = createTokenRequestNotes();
  const interactions = createInteractions(live, { issuer, clock, onSignOut });
  const signIn: SignIn = (deps.signIn ?? createSignIn)({
    ...{ store, sealed, staff, interactions, revocations, clock, ids, log },
    // The pages are identity's own, which may have another address than the router.
    publicUrl: new URL(issuer).origin,
  });
  return { live, signIn, records, families };
}

async function passwordAgeOf(store: IdentityClient, staffId: string) {
  const account = await store.account.findUnique({ where: { staffId } });
  if (account === null) return undefined;
  const setAt = account.passwordChangedAt ?? account.createdAt;
  return { passwordSetAtS: Math.floor(setAt.getTime() / 1_000) };
}

function issuerOf(keys: SigningKeys, deps: IdentityDependencies): TokenIssuer {
  const { issuer, audience, clock, ids } = deps;
  return {
    issue: (subject, lifetimeS) =>
      createTokenIssuer({
        ...{ key: keys.current().active, issuer, audience, clock, ids },
        clientId: 'embedded',
        documents: 'free',
      }).issue(subject, lifetimeS),
  };
}

function askWith(tokens: TokenIssuer, { askInstitution }: IdentityDependencies): AskInstitution {
  return async (document, variables) => {
    const token = await tokens.issue(
      {
        id: 'caregraph-identity',
        roles: ['identity_service'],
        institutionId: noInstitution,
        areaRoots: [],
        purposes: ['administration'],
      },
      60,
    );
    return askInstitution(`Bearer ${token}`, document, variables);
  };
}

async function isReady(pool: DatabasePool): Promise<boolean> {
  try {
    await pool.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}
