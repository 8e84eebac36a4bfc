import type { FastifyInstance } from 'fastify';
import { connectBreakGlass, connectVerifier, type ConnectedVerifier } from '@caregraph/access';
import { createIdSource, systemClock, type Clock } from '@caregraph/clock';
import { createPool, parseDatabaseUrl, type DatabasePool } from '@caregraph/database';
import type { StoreErasure } from '@caregraph/erasure';
import { createHttpTransport } from '@caregraph/messaging';
import { createLogger, createMetrics, type Logger } from '@caregraph/observability';
import { connectKeys } from './connect-keys.ts';
import type { Subgraph, SubgraphDependencies } from '../subgraph.ts';
import { readSubgraphConfig, type SubgraphConfig } from './config.ts';
import { replayErasures } from './replay-erasures.ts';
import { createSubgraphHost } from './subgraph-host.ts';

/**
 * Runs one subgraph as a process of its own (the full profile) until SIGINT or SIGTERM, then
 * finishes what is under way and ends.
 *
 * @param erasure how its store forgets whom the list of erasures names, before it serves
 * @throws Error naming wrong variables of the environment, or PORT_TAKEN
 * @example await runSubgraph('patient', createPatientSubgraph, patientErasure);
 */
export async function runSubgraph(
  name: string,
  create: (deps: SubgraphDependencies) => Subgraph,
  erasure: StoreErasure,
): Promise<void> {
  const config = readSubgraphConfig();
  const clock = systemClock;
  const ids = createIdSource(clock);
  const log = createLogger({ service: name, level: config.LOG_LEVEL });
  const pool = openPool(name, config, log);
  const access = await connectAccess(config, clock, log);
  const metrics = createMetrics();
  const keys = await connectKeys(name, config, { clock, ids, log, metrics });
  const subgraph = create({
    pool,
    clock,
    ids,
    log,
    verifier: access.verifier,
    routerContextKey: config.ROUTER_CONTEXT_KEY,
    breakGlass: await connectBreakGlass({
      keyFile: config.BREAK_GLASS_KEY_FILE,
      keysUrl: new URL(config.BREAK_GLASS_JWKS_URL),
      clock,
      access,
    }),
    transport: createHttpTransport({
      subscriberUrls: config.EVENT_SUBSCRIBER_URLS,
      key: config.EVENT_DELIVERY_KEY,
      clock,
    }),
    operationHashKey: config.OPERATION_HASH_KEY,
    sealing: keys.sealing,
    metrics,
  });
  const app = createSubgraphHost({
    ...{ subgraph, clock, log, metrics },
    deliveryKey: config.EVENT_DELIVERY_KEY,
    revocationState: access.revocationState,
  });
  const stop = async () => {
    await app.close();
    await subgraph.stop();
    await access.stop();
    await keys.stop();
    await pool.end();
  };
  await replayErasures({ erasure, pool, keyPool: keys.keyPool }, config, { clock, ids, log });
  await subgraph.start();
  const port = await listen(app, config).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  log.info('listening', { host: config.HOST, port });
  stopOnSignal(log, stop);
}

function connectAccess(
  config: SubgraphConfig,
  clock: Clock,
  log: Logger,
): Promise<ConnectedVerifier> {
  return connectVerifier({
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    keysUrl: new URL(config.JWKS_URL),
    graphUrl: config.GRAPH_URL,
    redisUrl: config.REDIS_URL,
    refuseReplay: false,
    clock,
    log,
  });
}

/** @returns the port; with PORT=0 it is the system's choice. @throws Error with code PORT_TAKEN */
async function listen(app: FastifyInstance, { HOST: host, PORT }: SubgraphConfig): Promise<number> {
  try {
    return Number(new URL(await app.listen({ host, port: PORT })).port);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    const message = `PORT_TAKEN: port ${PORT} on ${host} is in use. Stop what uses it or set PORT.`;
    throw Object.assign(new Error(message, { cause: error }), { code: 'PORT_TAKEN' });
  }
}

function openPool(name: string, config: SubgraphConfig, log: Logger): DatabasePool {
  return createPool(parseDatabaseUrl(config.DATABASE_URL), {
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    statementTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: `caregraph-${name}`,
    onIdleConnectionLost: (error) => log.warn('a connection to the store was lost', { error }),
  });
}

function stopOnSignal(log: Logger, stop: () => Promise<void>): void {
  const once = (signal: string) => {
    log.info('stopping', { signal });
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopping failed', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', once);
  process.once('SIGTERM', once);
}
