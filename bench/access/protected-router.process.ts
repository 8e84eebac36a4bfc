import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import {
  actorFromClaims,
  createLocalReplayGuard,
  createRevocationList,
  createTokenVerifier,
  type TokenVerifier,
} from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import {
  createRouter,
  defaultLimits,
  defaultRouterConfig,
  fixedSupergraph,
  type LimitsConfig,
} from '@caregraph/router';
import { runChild } from '../process/child.ts';

const settingsSchema = z.object({
  supergraph: z.string(),
  subgraphUrls: z.record(z.string(), z.url()),
  issuer: z.string(),
  audience: z.string(),
  // jose checks the shape of the key set when it reads it.
  keys: z.custom<JSONWebKeySet>(),
  protections: z.enum(['on', 'off']),
});

const endless = 1_000_000_000;
/** Counted like any other, and never reached by one caller that asks as often as it can. */
const counted: LimitsConfig = { ...defaultLimits, requestsPerMinute: endless };
/** Nothing is too much; it is still added up, because nothing can switch that off. */
const wide: LimitsConfig = {
  ...defaultLimits,
  ...{ maxTokens: 10_000, maxDepth: endless, maxAliases: endless, maxDirectives: endless },
  ...{ maxFields: endless, costBudget: endless, rates: false },
};

/** The router with every protection that it has, or with those off that can be. */
runChild(async (settings) => {
  const { supergraph, subgraphUrls, protections, ...trust } = settingsSchema.parse(settings);
  const isOn = protections === 'on';
  const clock = systemClock;
  const router = await createRouter({
    config: { ...defaultRouterConfig, port: 0, explorer: false, limits: isOn ? counted : wide },
    subgraphs: Object.fromEntries(
      Object.entries(subgraphUrls).map(([name, url]) => [name, { kind: 'http', url }]),
    ),
    supergraph: fixedSupergraph(supergraph),
    routerContextKey: randomBytes(32),
    verifier: isOn ? verifierOf(trust) : credulous,
    log: createLogger({ service: 'router', level: 'warn', destination: process.stderr }),
    clock,
    ids: createIdSource(clock),
  });
  return { started: { url: await router.listen() }, stop: router.close };
});

function verifierOf(trust: { issuer: string; audience: string; keys: JSONWebKeySet }) {
  const clock = systemClock;
  return createTokenVerifier({
    issuer: trust.issuer,
    audience: trust.audience,
    keys: createLocalJWKSet(trust.keys),
    clock,
    revocations: createRevocationList(clock),
    proofs: { url: 'http://127.0.0.1/graphql', clock, replay: createLocalReplayGuard(clock) },
  });
}

/** Believes every token: the router cannot serve without knowing who asks. */
const credulous: TokenVerifier = {
  verify: async (token) => actorFromClaims(decodeJwt(token)),
  verifyRequest: async ({ authorization = '' }) =>
    actorFromClaims(decodeJwt(authorization.slice('Bearer '.length))),
};
