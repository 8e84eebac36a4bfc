import type { Clock, IdSource } from '@caregraph/clock';
import {
  breakGlassHeader,
  createRouterContextVerifier,
  purposes,
  scopeOf,
  type Actor,
  type BreakGlassAccess,
  type BreakGlassGrant,
  type Purpose,
  type RouterContext,
  type TokenVerifier,
} from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import { createAccessTrail } from '../audit/access-trail.ts';
import type { OpenedRecord, RequestContext } from '../context.ts';
import type { RequestHeaders } from './subgraph-server.ts';

/**
 * Builds what every resolver gets, from the headers alone: a subgraph trusts nobody, so it
 * verifies the token itself, whoever passed the request on.
 *
 * @throws Fault UNAUTHENTICATED, TOKEN_*, DPOP_PROOF_INVALID, ROUTER_CONTEXT_REFUSED,
 *   PURPOSE_REFUSED, BREAK_GLASS_REFUSED
 */
export async function createRequestContext(
  headers: RequestHeaders,
  deps: {
    subgraph: string;
    verifier: TokenVerifier;
    routerContextKey: Uint8Array;
    breakGlass: BreakGlassAccess;
    clock: Clock;
    ids: IdSource;
    log: Logger;
  },
): Promise<RequestContext> {
  const { subgraph, clock, ids } = deps;
  const fromRouter = routerContextOf(headers, deps);
  const actor = await deps.verifier.verifyRequest({
    authorization: headers['authorization'],
    dpop: headers['dpop'],
    clientCertificateThumbprint: fromRouter?.clientCertificateThumbprint,
  });
  refuseUnregistered(actor, fromRouter);
  // Whoever comes without the router may not choose an id: audit records are joined by it.
  const requestId = fromRouter?.requestId ?? ids.next();
  const grant = await grantOf(headers, actor, deps.breakGlass);
  // A record is read for what it was opened for.
  const allowed = grant === undefined ? actor.purposes : ([grant.purpose] as const);
  const purpose = statedPurpose(headers['x-purpose'], allowed);
  const breakGlass = grant && openedRecord(grant);
  return {
    requestId,
    actor,
    purpose,
    scope: scopeOf(actor, grant),
    breakGlass,
    audit: createAccessTrail({ actor, purpose, requestId, subgraph, at: clock.now(), breakGlass }),
    log: deps.log.child({ requestId, subgraph }),
    clock,
    ids,
  };
}

/**
 * Threat: a client that runs registered documents alone goes around the router, which holds it to
 * them and to the limits. Defence: without the router's word its requests are refused here.
 */
function refuseUnregistered(actor: Actor, fromRouter: RouterContext | undefined): void {
  if (actor.documents === 'registered' && fromRouter === undefined) {
    throw new Fault('DOCUMENT_NOT_REGISTERED');
  }
}

function routerContextOf(
  headers: RequestHeaders,
  { routerContextKey, clock }: { routerContextKey: Uint8Array; clock: Clock },
): RouterContext | undefined {
  const header = headers['x-router-context'];
  if (header === undefined) return undefined;
  const token = (headers['authorization'] ?? '').replace(/^\S+ /, '');
  return createRouterContextVerifier(routerContextKey, clock)(header, token);
}

async function grantOf(
  headers: RequestHeaders,
  actor: Actor,
  { verifier }: BreakGlassAccess,
): Promise<BreakGlassGrant | undefined> {
  const header = headers[breakGlassHeader];
  return header === undefined ? undefined : verifier.verify(header, actor);
}

function openedRecord({ grantId, patientId, reason }: BreakGlassGrant): OpenedRecord {
  return { grantId, patientId, reason };
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
