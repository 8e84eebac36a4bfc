import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { isUuidV7, type Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';

/** What the router vouches for, beside the client's own headers. */
export interface RouterContext {
  /** UUIDv7 that joins the audit records of one request. */
  readonly requestId: string;
  /** SHA-256 of the client's certificate, base64url: subgraphs do not see the client's TLS. */
  readonly clientCertificateThumbprint?: string;
}

/** A fetch is sent right away; what is older was recorded and sent again. */
const lifetimeS = 120;
const contextOnWire = z.strictObject({
  requestId: z.string().refine(isUuidV7),
  tokenHash: z.string(),
  clientCertificateThumbprint: z.string().optional(),
  issuedAt: z.number().int(),
});

/**
 * Signs the router's context for one request, bound to its access token.
 *
 * @param key at least 32 bytes, known to routers and subgraphs alone
 * @returns the value of the `x-router-context` header
 * @example const sign = createRouterContextSigner(key, clock); sign({ requestId }, accessToken)
 */
export function createRouterContextSigner(key: Uint8Array, clock: Clock) {
  return (context: RouterContext, accessToken: string): string => {
    const issuedAt = Math.floor(clock.now().getTime() / 1_000);
    const content = { ...context, tokenHash: hashOf(accessToken), issuedAt };
    const payload = Buffer.from(JSON.stringify(content)).toString('base64url');
    return `${payload}.${macOf(key, payload).toString('base64url')}`;
  };
}

/**
 * Checks a context that claims to come from the router.
 *
 * Threat: whoever reaches a subgraph directly states the request id of somebody else's request, or
 * a certificate that they do not hold. Defence: a MAC over the context, bound to the token and to
 * the last two minutes.
 *
 * @returns a function that throws Fault ROUTER_CONTEXT_REFUSED
 */
export function createRouterContextVerifier(key: Uint8Array, clock: Clock) {
  return (header: string, accessToken: string): RouterContext => {
    const [payload = '', mac = '', ...rest] = header.split('.');
    const expected = macOf(key, payload);
    const given = Buffer.from(mac, 'base64url');
    const authentic = given.length === expected.length && timingSafeEqual(given, expected);
    if (!authentic || rest.length > 0) throw new Fault('ROUTER_CONTEXT_REFUSED');
    const { tokenHash, issuedAt, ...context } = readPayload(payload);
    const ageS = clock.now().getTime() / 1_000 - issuedAt;
    if (tokenHash !== hashOf(accessToken) || ageS > lifetimeS || ageS < -lifetimeS) {
      throw new Fault('ROUTER_CONTEXT_REFUSED');
    }
    const { requestId, clientCertificateThumbprint } = context;
    return clientCertificateThumbprint === undefined
      ? { requestId }
      : { requestId, clientCertificateThumbprint };
  };
}

function readPayload(payload: string): z.infer<typeof contextOnWire> {
  try {
    return contextOnWire.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  } catch (error) {
    throw new Fault('ROUTER_CONTEXT_REFUSED', {}, error);
  }
}

function macOf(key: Uint8Array, payload: string): Buffer {
  return createHmac('sha256', key).update('router-context\n').update(payload).digest();
}

function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url');
}
