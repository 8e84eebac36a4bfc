import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { createTokenVerifier } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { createRouter, defaultRouterConfig, fixedSupergraph } from '@caregraph/router';
import { runChild } from '../process/child.ts';

const settingsSchema = z.object({
  supergraph: z.string(),
  subgraphUrls: z.record(z.string(), z.url()),
  issuer: z.string(),
  audience: z.string(),
  // jose checks the shape of the key set when it reads it.
  keys: z.custom<JSONWebKeySet>(),
});

/** CareGraph's router as it is shipped, over HTTP subgraphs, logging at the level `warn`. */
runChild(async (settings) => {
  const { supergraph, subgraphUrls, issuer, audience, keys } = settingsSchema.parse(settings);
  const clock = systemClock;
  const router = await createRouter({
    config: { ...defaultRouterConfig, port: 0, explorer: false },
    subgraphs: Object.fromEntries(
      Object.entries(subgraphUrls).map(([name, url]) => [name, { kind: 'http', url }]),
    ),
    supergraph: fixedSupergraph(supergraph),
    verifier: createTokenVerifier({ issuer, audience, keys: createLocalJWKSet(keys), clock }),
    log: createLogger({ service: 'router', level: 'warn', destination: process.stderr }),
    clock,
    ids: createIdSource(clock),
  });
  return { started: { url: await router.listen() }, stop: router.close };
});
