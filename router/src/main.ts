import { connectVerifier } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { stopOnSignals } from '@caregraph/network';
import { createLogger } from '@caregraph/observability';
import { readRouterConfig } from './config.ts';
import { signedDocuments } from './documents/index.ts';
import { createRouter } from './router.ts';
import { watchedSupergraph } from './supergraph/supergraph-source.ts';

/** The router as its own process: subgraphs by HTTP, keys from the issuer, supergraph from a file. */
async function main(): Promise<void> {
  const config = readRouterConfig();
  const log = createLogger({ service: 'router', level: config.logLevel });
  const access = await connectVerifier({
    issuer: config.tokenIssuer,
    audience: config.tokenAudience,
    keysUrl: config.tokenKeysUrl,
    graphUrl: config.graphUrl,
    redisUrl: config.redisUrl,
    refuseReplay: true,
    clock: systemClock,
    log,
  });
  const router = await createRouter({
    config: config.router,
    subgraphs: Object.fromEntries(
      Object.entries(config.subgraphUrls).map(([name, url]) => [name, { kind: 'http', url }]),
    ),
    supergraph: watchedSupergraph({
      path: config.supergraphFile,
      pollMs: config.supergraphPollMs,
      log,
    }),
    ...(config.documents && {
      documents: signedDocuments(config.documents, config.supergraphPollMs, log),
    }),
    verifier: access.verifier,
    revocationState: access.revocationState,
    signIn: { issuer: config.tokenIssuer, publicUrl: new URL(config.graphUrl).origin },
    redisUrl: config.redisUrl,
    routerContextKey: config.routerContextKey,
    log,
    clock: systemClock,
    ids: createIdSource(systemClock),
  });
  const stop = async () => {
    await router.close();
    await access.stop();
  };
  stopOnSignals(stop, log);
  try {
    await router.listen();
  } catch (error) {
    await stop();
    throw error;
  }
  log.info('listening', { host: config.router.host, port: config.router.port });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'The router did not start.'}\n`);
  process.exitCode = 1;
});
