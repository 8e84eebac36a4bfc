import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { createTokenVerifier } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { readRouterConfig } from './config.ts';
import { createRouter } from './router.ts';
import { watchedSupergraph } from './supergraph/supergraph-source.ts';

/** The router as its own process: subgraphs by HTTP, keys from the issuer, supergraph from a file. */
async function main(): Promise<void> {
  const config = readRouterConfig();
  const log = createLogger({ service: 'router', level: config.logLevel });
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
    verifier: createTokenVerifier({
      issuer: config.tokenIssuer,
      audience: config.tokenAudience,
      keys: await readKeySet(config.tokenKeysUrl),
      clock: systemClock,
    }),
    log,
    clock: systemClock,
    ids: createIdSource(systemClock),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      router.close().catch((error: unknown) => {
        log.error('did not stop cleanly', { error });
        process.exitCode = 1;
      });
    });
  }
  try {
    await router.listen();
  } catch (error) {
    await router.close();
    throw error;
  }
  log.info('listening', { host: config.router.host, port: config.router.port });
}

async function readKeySet(url: URL): Promise<JWTVerifyGetKey> {
  if (url.protocol !== 'file:') return createRemoteJWKSet(url);
  // jose checks the shape of the key set when it reads it.
  return createLocalJWKSet(JSON.parse(await readFile(url, 'utf8')) as JSONWebKeySet);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'The router did not start.'}\n`);
  process.exitCode = 1;
});
