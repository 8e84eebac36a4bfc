import { decodeJwt } from 'jose';
import {
  createLocalReplayGuard,
  createTokenVerifier,
  type RevocationRegister,
  type TokenVerifier,
} from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import { createPool, type DatabaseTarget } from '@caregraph/database';
import { Fault } from '@caregraph/fault';
import { createIdentity, type Identity } from '@caregraph/identity';
import type { Logger } from '@caregraph/observability';
import type { Subgraph } from '@caregraph/subgraph';
import type { DeploymentKeys } from './key-file.ts';

export interface EmbeddedIdentityOptions {
  readonly database: DatabaseTarget;
  /** Where clients reach the router, without a slash at the end. */
  readonly publicUrl: string;
}

export interface EmbeddedIdentity extends Identity {
  /** Verifies the tokens of this provider, and leaves all others to `own`. */
  andOwn(own: TokenVerifier, where: 'router' | 'subgraph'): TokenVerifier;
}

/** Identity lies below this path of the router. */
export const identityPrefix = '/identity';

/**
 * The provider inside the embedded profile: it asks the institution subgraph in process, and its
 * revocations are in the list that router and subgraphs read, so they hold at once.
 *
 * @param deps.institution asked when it is needed, because subgraphs need the verifier first
 */
export async function createEmbeddedIdentity(
  { database, publicUrl }: EmbeddedIdentityOptions,
  deps: {
    readonly keys: DeploymentKeys;
    readonly audience: string;
    readonly revocations: RevocationRegister;
    readonly institution: () => Subgraph;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly log: Logger;
  },
): Promise<EmbeddedIdentity> {
  const { audience, revocations, clock, ids, log, keys } = deps;
  const issuer = `${publicUrl}${identityPrefix}`;
  const pool = createPool(database, {
    maxConnections: 12,
    statementTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: 'caregraph-identity',
    onIdleConnectionLost: (error) =>
      log.warn('a connection to a store was lost', { store: 'identity', error }),
  });
  const identity = await createIdentity({
    ...{ pool, issuer, publicUrl, audience, clock, ids, log },
    sealingKey: keys.identitySealing,
    tellRevocation: async (revocation) => revocations.add(revocation),
    askInstitution: (authorization, document, variables) =>
      ask(deps.institution(), authorization, { query: document, variables }),
  });
  const verifying = { issuer, audience, keys: identity.keys, clock, revocations };
  const proofs = { url: `${publicUrl}/graphql`, clock };
  const replay = createLocalReplayGuard(clock);
  return {
    ...identity,
    andOwn(own, where) {
      const checked = where === 'router' ? { ...proofs, replay } : proofs;
      return eitherVerifier(issuer, createTokenVerifier({ ...verifying, proofs: checked }), own);
    },
    async stop() {
      await identity.stop();
      await pool.end();
    },
  };
}

async function ask(
  institution: Subgraph,
  authorization: string,
  body: { query: string; variables: Readonly<Record<string, string>> },
): Promise<unknown> {
  const answer = await institution.execute({
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    search: '',
    body,
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '';
  return JSON.parse(text);
}

/**
 * Verifies tokens of two issuers, each with its own keys alone. What the token says of its issuer
 * only chooses the verifier, which then checks it.
 */
function eitherVerifier(
  issuer: string,
  ofIssuer: TokenVerifier,
  ofOthers: TokenVerifier,
): TokenVerifier {
  const choose = (token: string) => (issuerOf(token) === issuer ? ofIssuer : ofOthers);
  return {
    verify: (token) => choose(token).verify(token),
    async verifyRequest(credentials) {
      const token = credentials.authorization?.split(' ')[1];
      if (token === undefined) throw new Fault('UNAUTHENTICATED');
      return choose(token).verifyRequest(credentials);
    },
  };
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    // Whatever is wrong with it, the verifier says.
    return undefined;
  }
}
