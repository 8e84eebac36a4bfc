import type { TokenIssuer } from '@caregraph/access';
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
import type { KeyKeeper, KeyService } from '@caregraph/encryption';
import type { Logger, Metrics } from '@caregraph/observability';
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
import type { Subgraph, SubgraphDependencies } from '@caregraph/subgraph';
import {
  createEmbeddedIdentity,
  identityPrefix,
  type EmbeddedIdentity,
  type EmbeddedIdentityOptions,
} from './embedded-identity.ts';
import { openErasures, type ErasureListPlace } from './erasures.ts';
import type { DeploymentKeys } from './key-file.ts';
import { openKeyKeeping, startKeeping, type KeyKeeping } from './key-keeping.ts';
import { embeddedAudience, establishTrust, type Trust } from './trust.ts';

export interface DeploymentOptions {
  /** One migrated database a subgraph. */
  readonly databases: Readonly<Record<StoreName, DatabaseTarget>>;
  readonly keys: DeploymentKeys;
  /** Where the wrapped keys of all stores lie. */
  readonly keyDatabase: DatabaseTarget;
  /** Holds the key-encryption key; closed with the deployment. */
  readonly keyService: KeyService;
  readonly log: Logger;
  /** Takes numbers about the deployment; left out where nobody reads them. */
  readonly metrics?: Metrics;
  readonly clock: Clock;
  /** ISO 3166-1 region of phone numbers without a country code. */
  readonly phoneRegion: string;
  readonly router?: Partial<RouterConfig>;
  /** What clients run who may not send documents of their own; nothing when left out. */
  readonly documents?: DocumentSource;
  /**
   * The list of erasures: whoever it names is erased again before anything is served, so that a
   * restored store brings nobody back. Left out, nothing is looked at.
   */
  readonly erasures?: ErasureListPlace;
  /** How long backups of the key database are kept, in days; 35 when left out. */
  readonly keyBackupDays?: number | undefined;
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
  /** Runs the jobs on keys. */
  readonly keeper: KeyKeeper;
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
  const trust = establishTrust(options);
  const identity = await identityOf(options, trust, () => subgraphs.institution);
  const pools = byName((name) => poolOf(name, options.databases[name], options.log));
  const keyPool = poolOf('keys', options.keyDatabase, options.log);
  const keeping = openKeyKeeping({
    ...options,
    ids: createIdSource(options.clock),
    pools,
    keyPool,
  });
  if (options.metrics) keeping.observe(options.metrics);
  const parts = { trust, identity, pools, keeping };
  const subgraphs: Record<StoreName, Subgraph> = assemble(options, parts);
  await replayErasures(options, pools, keyPool);
  await Promise.all(names.map((name) => subgraphs[name].start()));
  await identity?.start();
  const kept = startKeeping(keeping.keeper, options.log);
  const router = await routerOf(options, { trust, identity, subgraphs });
  await identity?.install(router.app, identityPrefix);
  return {
    listen: router.listen,
    router,
    subgraphs,
    pools,
    tokens: trust.tokens,
    identity,
    settle: (deadlineMs) => settle(subgraphs, deadlineMs),
    keeper: keeping.keeper,
    async stop() {
      await kept.stop();
      await router.close();
      await identity?.stop();
      await Promise.all(names.map((name) => subgraphs[name].stop()));
      await Promise.all(names.map((name) => pools[name].end()));
      await keyPool.end();
      await options.keyService.close();
    },
  };
}

/** @throws Error when the list cannot be read or believed: nothing is served then */
async function replayErasures(
  { erasures, keys, keyBackupDays, clock, log }: DeploymentOptions,
  pools: Readonly<Record<StoreName, DatabasePool>>,
  keyPool: DatabasePool,
): Promise<void> {
  if (erasures === undefined) return;
  const key = keys.erasureSigning;
  const stores = { pools, keyPool, clock };
  const erasure = openErasures({ place: erasures, key, keyBackupDays, ...stores });
  const replayed = await erasure.replay();
  if (replayed.length > 0) log.warn('erasures were replayed', { count: replayed.length });
}

async function routerOf(
  options: DeploymentOptions,
  parts: {
    readonly trust: Trust;
    readonly identity: EmbeddedIdentity | undefined;
    readonly subgraphs: Readonly<Record<StoreName, Subgraph>>;
  },
): Promise<Router> {
  const { clock, log, documents, demoTokens } = options;
  const { trust, identity, subgraphs } = parts;
  return createRouter({
    config: { ...defaultRouterConfig, ...options.router },
    subgraphs: byName((name) => ({ ...subgraphs[name], kind: 'in-process' as const })),
    supergraph: fixedSupergraph(await loadSupergraph()),
    verifier: identity?.andOwn(trust.own, 'router') ?? trust.own,
    routerContextKey: trust.routerContextKey,
    log,
    clock,
    ids: createIdSource(clock),
    ...(documents && { documents }),
    ...(options.identity && { signIn: signInAt(options.identity) }),
    ...(demoTokens && { demoTokens: () => demoTokens(trust.tokens) }),
  });
}

function signInAt({ publicUrl }: EmbeddedIdentityOptions) {
  return { issuer: `${publicUrl}${identityPrefix}`, publicUrl };
}

async function identityOf(
  { identity, keys, clock, log }: DeploymentOptions,
  { revocations }: Trust,
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

function poolOf(name: string, database: DatabaseTarget, log: Logger): DatabasePool {
  return createPool(database, {
    maxConnections: 12,
    statementTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: `caregraph-${name}`,
    onIdleConnectionLost: (error) =>
      log.warn('a connection to a store was lost', { store: name, error }),
  });
}

function assemble(
  { keys: secrets, log, clock, metrics }: DeploymentOptions,
  parts: {
    readonly trust: Trust;
    readonly identity: EmbeddedIdentity | undefined;
    readonly pools: Readonly<Record<StoreName, DatabasePool>>;
    readonly keeping: KeyKeeping;
  },
): Record<StoreName, Subgraph> {
  const { trust, identity, pools, keeping } = parts;
  const verifier = identity?.andOwn(trust.own, 'subgraph') ?? trust.own;
  const consumers: EventConsumer[] = identity ? [identity.consumer] : [];
  const transport = createInProcessTransport(() => consumers);
  const ids = createIdSource(clock);
  const subgraphs = byName((name) =>
    factories[name]({
      pool: pools[name],
      clock,
      ids,
      log,
      verifier,
      routerContextKey: trust.routerContextKey,
      breakGlass: trust.breakGlass(name === 'patient'),
      transport,
      operationHashKey: secrets.operationHash,
      sealing: keeping.sealing(name),
      ...(metrics && { metrics }),
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
