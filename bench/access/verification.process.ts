import { createHash } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { hash } from '@node-rs/argon2';
import { parse, validate, type OperationDefinitionNode } from 'graphql';
import {
  EmbeddedJWK,
  SignJWT,
  base64url,
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import {
  actorFromClaims,
  createLocalReplayGuard,
  createRevocationList,
  createTokenIssuer,
  createTokenVerifier,
  makeSigningKey,
} from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createEnforcement, openSupergraph } from '@caregraph/router';
import { runChild } from '../process/child.ts';
import { documents } from '../router/fixture-graph.ts';

const settingsSchema = z.object({ supergraph: z.string() });
const questionSchema = z.object({ step: z.string(), side: z.enum(['ours', 'peer']) });

/** One turn of one side. @returns microseconds each */
type Turn = () => Promise<number>;
type Steps = Readonly<Record<string, { readonly ours: Turn; readonly peer?: Turn }>>;

/** As identity hashes passwords; see password-hash.ts there. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const issuer = 'https://bench.caregraph.invalid';
const audience = 'https://caregraph.invalid/graph';
const graphUrl = 'https://caregraph.invalid/graphql';
const [clock, ids] = [systemClock, createIdSource(systemClock)];

/** What the router does with each request before it plans anything, step by step and timed. */
runChild(async (settings) => {
  const { supergraph } = settingsSchema.parse(settings);
  const steps: Steps = {
    ...(await verificationSteps()),
    ...decisionSteps(supergraph),
    'one password hash': { ours: () => timed(10, () => hash('lantern orbit teapot 9', argon2id)) },
  };
  return {
    started: {
      steps: Object.entries(steps).map(([name, { peer }]) => ({ name, hasPeer: !!peer })),
    },
    async answer(message) {
      const { step, side } = questionSchema.parse(message);
      const turn = steps[step]?.[side];
      if (turn === undefined) throw new Error(`${side} has no step ${step}`);
      // What a turn has to prepare is not timed: it tells by itself how long it took.
      return turn();
    },
    stop: async () => {},
  };
});

/**
 * Processor time on all threads, which the neighbours of a busy machine do not lengthen.
 *
 * @returns microseconds each
 */
async function timed(times: number, one: (index: number) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index += 1) await one(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** Tokens of one issuer, bound to one key of a client or to none. */
async function createMint() {
  const key = await makeSigningKey();
  const tokens = createTokenIssuer({
    ...{ key, issuer, audience, clock, ids },
    ...{ clientId: 'bench', documents: 'free' as const },
  });
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(pair.publicKey);
  const jkt = await calculateJwkThumbprint(jwk);
  const issue = (isBound: boolean) =>
    tokens.issue(
      {
        id: ids.next(),
        roles: ['clinician'],
        institutionId: ids.next(),
        areaRoots: [ids.next()],
        purposes: ['treatment'],
        ...(isBound ? { confirmation: { jkt } } : {}),
      },
      1_800,
    );
  return {
    keys: createLocalJWKSet({ keys: [key.publicJwk] }),
    issue,
    issueMany: (isBound: boolean) => Promise.all(Array.from({ length: 300 }, () => issue(isBound))),
    proofFor: (token: string) =>
      new SignJWT({
        ...{ htm: 'POST', htu: graphUrl, jti: ids.next() },
        ath: base64url.encode(createHash('sha256').update(token).digest()),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(pair.privateKey),
  };
}

async function verificationSteps(): Promise<Steps> {
  const { keys, issue, issueMany, proofFor } = await createMint();
  const proofs = { url: graphUrl, clock, replay: createLocalReplayGuard(clock) };
  const revocations = createRevocationList(clock);
  const verifier = createTokenVerifier({ issuer, audience, keys, clock, revocations, proofs });
  const bare = (token: string) => jwtVerify(token, keys, { issuer, audience });
  const bareBound = async (token: string, proof: string) => {
    await bare(token);
    return jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
  };
  const bearer = (token: string) => verifier.verifyRequest({ authorization: `Bearer ${token}` });
  const bound = (token: string, dpop: string) =>
    verifier.verifyRequest({ authorization: `DPoP ${token}`, dpop, method: 'POST' });
  const each = async (one: (token: string) => unknown) => {
    const list = await issueMany(false);
    return timed(list.length, (at) => one(list[at] ?? ''));
  };
  const eachBound = async (list: readonly string[], one: typeof bound | typeof bareBound) => {
    const made = await Promise.all(list.map(proofFor));
    return timed(list.length, (at) => one(list[at] ?? '', made[at] ?? ''));
  };
  const [known, knownBound] = [await issue(false), await issue(true)];
  const again = Array.from({ length: 300 }, () => knownBound);
  return {
    'bearer token, first seen': { ours: () => each(bearer), peer: () => each(bare) },
    'bearer token, seen before': {
      ours: () => timed(20_000, () => bearer(known)),
      peer: () => timed(500, () => bare(known)),
    },
    'DPoP token, first seen, new proof': {
      ours: async () => eachBound(await issueMany(true), bound),
      peer: async () => eachBound(await issueMany(true), bareBound),
    },
    'DPoP token, seen before, new proof': {
      ours: () => eachBound(again, bound),
      peer: () => eachBound(again, bareBound),
    },
  };
}

function decisionSteps(supergraph: string): Steps {
  const { rules, gatewaySdl } = openSupergraph(supergraph);
  const schema = Supergraph.build(gatewaySdl, { supportedFeatures: null })
    .apiSchema()
    .toGraphQLJSSchema();
  const decide = createEnforcement({ schema, rules, unauthorisedFields: 'null' });
  const text = documents['50 patients, four subgraphs'];
  const asked = () => {
    const document = parse(text);
    // The fixture documents hold one operation each.
    const operation = document.definitions[0] as OperationDefinitionNode;
    return { document, operation, queryHash: text };
  };
  const actor = (scope: string | undefined) =>
    actorFromClaims({
      ...{ sub: ids.next(), client_id: 'bench', jti: ids.next(), iss: issuer, aud: audience },
      ...{ iat: 1_900_000_000, exp: 2_000_000_000, roles: ['clinician'] },
      ...{ institution: ids.next(), areas: [], purposes: ['treatment'], documents: 'free' },
      ...(scope === undefined ? {} : { scope }),
    });
  const [whole, part] = [actor(undefined), actor('patient:read clinical:read')];
  const known = asked();
  const first = async (who: typeof whole) => {
    const list = Array.from({ length: 300 }, asked);
    return timed(list.length, (at) => decide(list[at] ?? known, who));
  };
  const validated = async () => {
    const list = Array.from({ length: 300 }, asked);
    return timed(list.length, (at) => validate(schema, (list[at] ?? known).document));
  };
  if (decide(known, whole).kind !== 'permitted') throw new Error('the clinician may not have it');
  if (decide(known, part).kind !== 'filtered') throw new Error('nothing is left out');
  return {
    'decision, document first seen, all permitted': { ours: () => first(whole), peer: validated },
    'decision, document first seen, filtered': { ours: () => first(part), peer: validated },
    'decision, document seen before, all permitted': {
      ours: () => timed(50_000, () => decide(known, whole)),
      peer: validated,
    },
    'decision, document seen before, filtered': {
      ours: () => timed(50_000, () => decide(known, part)),
      peer: validated,
    },
  };
}
