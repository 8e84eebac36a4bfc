import { isUuidV7, type Clock, type IdSource } from '@caregraph/clock';
import { purposes, scopeOf, type Purpose, type TokenVerifier } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import { createAccessTrail } from '../audit/access-trail.ts';
import type { RequestContext } from '../context.ts';
import type { RequestHeaders } from './subgraph-server.ts';

/**
 * Builds what every resolver gets, from the headers alone: a subgraph trusts nobody, so it
 * verifies the token itself, whoever passed the request on.
 *
 * @throws Fault UNAUTHENTICATED, TOKEN_*, PURPOSE_REFUSED
 */
export async function createRequestContext(
  headers: RequestHeaders,
  deps: { subgraph: string; verifier: TokenVerifier; clock: Clock; ids: IdSource; log: Logger },
): Promise<RequestContext> {
  const { subgraph, clock, ids } = deps;
  const actor = await deps.verifier.verifyHeader(headers['authorization']);
  const given = headers['x-request-id'];
  const requestId = given !== undefined && isUuidV7(given) ? given : ids.next();
  const purpose = statedPurpose(headers['x-purpose'], actor.purposes);
  return {
    requestId,
    actor,
    purpose,
    scope: scopeOf(actor),
    audit: createAccessTrail({ actor, purpose, requestId, subgraph, at: clock.now() }),
    log: deps.log.child({ requestId, subgraph }),
    clock,
    ids,
  };
}

function statedPurpose(
  stated: string | undefined,
  allowed: readonly [Purpose, ...Purpose[]],
): Purpose {
  if (stated === undefined || stated === '') return allowed[0];
  const purpose = purposes.find((one) => one === stated);
  if (purpose === undefined || !allowed.includes(purpose)) throw new Fault('PURPOSE_REFUSED');
  return purpose;
}
