import { randomBytes } from 'node:crypto';
import { createLocalJWKSet } from 'jose';
import {
  createBreakGlassAccess,
  createRevocationList,
  createTokenIssuer,
  createTokenVerifier,
  type BreakGlassAccess,
  type Revocation,
  type RevocationRegister,
  type TokenIssuer,
  type TokenVerifier,
} from '@caregraph/access';
import { createAuditSubgraph } from '@caregraph/audit-subgraph';
import { createClinicalSubgraph } from '@caregraph/clinical-subgraph';
import { createIdSource, type Clock } from '@caregraph/clock';
import {
  createPool,
  type DatabasePool,
  type DatabaseTarget,
  type StoreName,
} from '@caregraph/database';
import { createInstitutionSubgraph } from '@caregraph/institution-subgraph';
import { createInProcessTransport, type EventConsumer } from '@caregraph/messaging';
import type { Logger } from '@caregraph/observability';
import { createPatientSubgraph } from '@caregraph/patient-subgraph';
import { createPrescriptionSubgraph } from '@caregraph/prescription-subgraph';
import {
  createRouter,
  defaultRouterConfig,
  fixedSupergraph,
  type DemoToken,
  type DocumentSource,
  type Router,
  type RouterConfig,
} from '@caregraph/router';
import { loadSupergraph } from '@caregraph/schema-registry';
import { createSealing, type Subgraph, type SubgraphDependencies } from '@caregraph/subgraph';
import {
  createEmbeddedIdentity,
  identityPrefix,
  type EmbeddedIdentity,
  type EmbeddedIdentityOptions,
} from './embedded-identity.ts';
import type { DeploymentKeys } from './key-file.ts';

/** The issuer and audience of the tokens that an embedded deployment signs for itself. */
export const embeddedIssuer = 'https://embedded.caregraph.invalid';
export const embeddedAudience = 'https://caregraph.invalid/graph';

export interface DeploymentOptions {
  /** One migrated database a subgraph. */
  readonly databases: Readonly<Record<StoreName, DatabaseTarget>>;
  readonly keys: DeploymentKeys;
  readonly log: Logger;
  readonly clock: Clock;
  /** ISO 3166-1 region of phone numbers without a country code. */
  readonly phoneRegion: string;
  readonly router?: Partial<RouterConfig>;
  /** What clients run who may not send documents of their own; nothing when left out. */
  readonly documents?: DocumentSource;
  /** People sign in here; left out, only tokens that the deployment signs itself are good. */
  readonly identity?: EmbeddedIdentityOptions;
  /** Tokens for the explorer's page, minted when it asks. */
  readonly demoTokens?: (tokens: TokenIssuer) => Promise<readonly DemoToken[]>;
}

/** Everything in one process: five subgraphs and the router. */
export interface Deployment {
  /** Where clients reach the router, once it listens. */
  listen(): Promise<string>;
  readonly router: Router;
  readonly subgraphs: Readonly<Record<StoreName, Subgraph>>;
  readonly pools: Readonly<Record<StoreName, DatabasePool>>;
  readonly tokens: TokenIssuer;
  readonly identity: EmbeddedIdentity | undefined;
  /** Waits until what was committed has reached every subgraph. @returns false at the deadline */
  settle(deadlineMs: number): Promise<boolean>;
  /** Finishes what is under way, then stops everything. The databases' server is the caller's. */
  stop(): Promise<void>;
}

const factories: Readonly<Record<StoreName, (deps: SubgraphDependencies) => Subgraph>> = {
  patient: createPatientSubgraph,
  clinical: createClinicalSubgraph,
  prescription: createPrescriptionSubgraph,
  institution: createInstitutionSubgraph,
  audit: createAuditSubgraph,
};

const names = Object.keys(factories) as StoreName[];

/**
 * Starts the embedded profile: every subgraph over its own database, in-process messaging, and the
 * router in front. Nothing listens before `listen()`.
 *
 * @example const deployment = await startDeployment({ databases, keys, log, clock, phoneRegion: 'IN' });
 */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { clock, keys } = options;
  const ids = createIdSource(clock);
  const revocations = createRevocationList(clock);
  const own = verifierOf(options, revocations);
  const identity = await identityOf(options, revocations, () => subgraphs.institution);
  // Router and subgraphs share this process, so nobody else ever needs it.
  const routerContextKey = randomBytes(32);
  const tokens = createTokenIssuer({
    key: keys.tokenSigning,
    issuer: embeddedIssuer,
    audience: embeddedAudience,
    clientId: 'embedded',
    documents: 'free',
    clock,
    ids,
  });
  const pools = byName((name) => poolOf(name, options));
  const breakGlass = breakGlassOf(options, revocations);
  const verifier = identity?.andOwn(own, 'subgraph') ?? own;
  const subgraphs: Record<StoreName, Subgraph> = assemble(
    options,
    pools,
    { verifier, routerContextKey, breakGlass },
    identity,
  );
  await Promise.all(names.map((name) => subgraphs[name].start()));
  await identity?.start();
  const router = await createRouter({
    config: { ...defaultRouterConfig, ...options.router },
    subgraphs: byName((name) => ({ ...subgraphs[name], kind: 'in-process' as const })),
    supergraph: fixedSupergraph(await loadSupergraph()),
    verifier: identity?.andOwn(own, 'router') ?? own,
    routerContextKey,
    log: options.log,
    clock,
    ids,
    ...(options.documents && { documents: options.documents }),
    ...(options.demoTokens && { demoTokens: () => options.demoTokens?.(tokens) ?? noTokens }),
  });
  await identity?.install(router.app, identityPrefix);
  return {
    listen: router.listen,
    router,
    subgraphs,
    pools,
    tokens,
    identity,
    settle: (deadlineMs) => settle(subgraphs, deadlineMs),
    async stop() {
      await router.close();
      await identity?.stop();
      await Promise.all(names.map((name) => subgraphs[name].stop()));
      await Promise.all(names.map((name) => pools[name].end()));
    },
  };
}

const noTokens = Promise.resolve([]);

async function identityOf(
  { identity, keys, clock, log }: DeploymentOptions,
  revocations: RevocationRegister,
  institution: () => Subgraph,
): Promise<EmbeddedIdentity | undefined> {
  if (identity === undefined) return undefined;
  const ids = createIdSource(clock);
  const audience = embeddedAudience;
  return createEmbeddedIdentity(identity, {
    ...{ keys, audience, revocations, institution, clock, ids, log },
  });
}

function byName<TValue>(make: (name: StoreName) => TValue): Record<StoreName, TValue> {
  return {
    patient: make('patient'),
    clinical: make('clinical'),
    prescription: make('prescription'),
    institution: make('institution'),
    audit: make('audit'),
  };
}

function breakGlassOf(
  { keys, clock }: DeploymentOptions,
  revocations: RevocationRegister,
): (name: StoreName) => BreakGlassAccess {
  const options = {
    keys: createLocalJWKSet({ keys: [keys.breakGlass.publicJwk] }),
    clock,
    revocations,
    revoke: async (revocation: Revocation) => revocations.add(revocation),
  };
  const signing = createBreakGlassAccess({ ...options, key: keys.breakGlass });
  const verifying = createBreakGlassAccess(options);
  return (name) => (name === 'patient' ? signing : verifying);
}

function verifierOf(
  { keys, clock }: DeploymentOptions,
  revocations: RevocationRegister,
): TokenVerifier {
  return createTokenVerifier({
    issuer: embeddedIssuer,
    audience: embeddedAudience,
    keys: createLocalJWKSet({ keys: [keys.tokenSigning.publicJwk] }),
    clock,
    revocations,
  });
}

function poolOf(name: StoreName, { databases, log }: DeploymentOptions): DatabasePool {
  return createPool(databases[name], {
    maxConnections: 12,
    statementTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: `caregraph-${name}`,
    onIdleConnectionLost: (error) =>
      log.warn('a connection to a store was lost', { store: name, error }),
  });
}

function assemble(
  { keys, log, clock, phoneRegion }: DeploymentOptions,
  pools: Readonly<Record<StoreName, DatabasePool>>,
  access: {
    readonly verifier: TokenVerifier;
    readonly routerContextKey: Uint8Array;
    readonly breakGlass: (name: StoreName) => BreakGlassAccess;
  },
  identity: EmbeddedIdentity | undefined,
): Record<StoreName, Subgraph> {
  const consumers: EventConsumer[] = identity ? [identity.consumer] : [];
  const transport = createInProcessTransport(() => consumers);
  const sealing = createSealing({ blindIndexKey: keys.blindIndex, phoneRegion });
  const ids = createIdSource(clock);
  const subgraphs = byName((name) =>
    factories[name]({
      pool: pools[name],
      clock,
      ids,
      log,
      ...access,
      breakGlass: access.breakGlass(name),
      transport,
      operationHashKey: keys.operationHash,
      sealing,
    }),
  );
  consumers.push(...Object.values(subgraphs).map((one) => one.consumer));
  return subgraphs;
}

/** Taking an event in writes none, so each outbox settles by itself. */
async function settle(
  subgraphs: Readonly<Record<StoreName, Subgraph>>,
  deadlineMs: number,
): Promise<boolean> {
  const settled = await Promise.all(names.map((name) => subgraphs[name].settleEvents(deadlineMs)));
  return settled.every(Boolean);
}
