import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { createTokenVerifier } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import {
  createRouter,
  defaultLimits,
  defaultRouterConfig,
  fixedSupergraph,
} from '@caregraph/router';
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
    // One caller asks as often as it can: a limit of rates would be what is measured.
    config: {
      ...defaultRouterConfig,
      port: 0,
      explorer: false,
      limits: { ...defaultLimits, rates: false },
    },
    subgraphs: Object.fromEntries(
      Object.entries(subgraphUrls).map(([name, url]) => [name, { kind: 'http', url }]),
    ),
    supergraph: fixedSupergraph(supergraph),
    routerContextKey: randomBytes(32),
    verifier: createTokenVerifier({ issuer, audience, keys: createLocalJWKSet(keys), clock }),
    log: createLogger({ service: 'router', level: 'warn', destination: process.stderr }),
    clock,
    ids: createIdSource(clock),
  });
  return { started: { url: await router.listen() }, stop: router.close };
});
