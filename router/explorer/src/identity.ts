import * as oauth from 'oauth4webapi';

/** What the router says of the issuer of its tokens; the explorer is a public client there. */
export interface Provider {
  readonly issuer: string;
  readonly clientId: string;
  /** The address of this page that the issuer knows. */
  readonly address: string;
}

/** Someone who signed in. Everything of it is in memory: a page that is closed forgets it. */
export interface Session {
  readonly token: string;
  readonly expiresAtMs: number;
  /** Posts to the graph with the token and a proof that this page holds its key (RFC 9449). */
  post(body: string, headers?: HeadersInit): Promise<Response>;
}

/** What has to outlast the way to the issuer and back, and nothing longer. */
interface RoundTrip {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

const roundTripKey = 'caregraph:sign-in';

/** A sign-in that did not succeed, in words for whoever tried. */
export class SignInRefused extends Error {}

/** @returns null where the router knows of nobody who lets people in */
export async function fetchProvider(): Promise<Provider | null> {
  const answer = await fetch('/explorer/sign-in-options', {
    headers: { accept: 'application/json' },
  });
  if (!answer.ok) throw new Error(`The explorer could not be opened (${answer.status}).`);
  return (await answer.json()) as Provider | null;
}

/** Leaves this page for the issuer's. */
export async function beginSignIn(provider: Provider): Promise<void> {
  // The issuer sends people back to one address only; what is kept meanwhile must be kept there.
  if (new URL(provider.address).origin !== location.origin)
    return location.assign(provider.address);
  const { authorization_endpoint: endpoint } = await discover(provider);
  const trip: RoundTrip = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
  };
  const target = new URL(endpoint ?? '');
  const parameters = {
    client_id: provider.clientId,
    redirect_uri: provider.address,
    response_type: 'code',
    scope: 'openid',
    state: trip.state,
    nonce: trip.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(trip.verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  sessionStorage.setItem(roundTripKey, JSON.stringify(trip));
  location.assign(target);
}

/**
 * Takes what the issuer answered out of the address.
 *
 * @returns undefined when nobody comes back from the issuer
 */
export function takeAnswer(): URLSearchParams | undefined {
  const answer = new URLSearchParams(location.search);
  if (!answer.has('state') || !(answer.has('code') || answer.has('error'))) return undefined;
  // A code that is used up still has no place in the history or in a copied address.
  history.replaceState(null, '', location.pathname);
  return answer;
}

/**
 * Exchanges the issuer's answer for a token.
 *
 * Threat: an answer that this tab did not ask for would sign someone in as somebody else.
 *
 * @throws SignInRefused
 */
export async function completeSignIn(
  provider: Provider,
  answer: URLSearchParams,
): Promise<Session> {
  const trip = takeRoundTrip();
  if (trip === undefined) throw new SignInRefused('That sign-in did not begin here. Try again.');
  try {
    return await exchange(provider, answer, trip);
  } catch (error) {
    throw error instanceof SignInRefused ? error : new SignInRefused(wordsFor(error));
  }
}

/** Ends the session at the issuer, which asks first; its tokens are void from then on. */
export async function leave(provider: Provider): Promise<void> {
  const { end_session_endpoint: endpoint } = await discover(provider);
  if (endpoint === undefined) return location.assign(provider.address);
  const target = new URL(endpoint);
  // No id_token_hint: a token in an address would be left in logs.
  target.searchParams.set('client_id', provider.clientId);
  target.searchParams.set('post_logout_redirect_uri', provider.address);
  location.assign(target);
}

async function exchange(
  provider: Provider,
  answer: URLSearchParams,
  { state, nonce, verifier }: RoundTrip,
): Promise<Session> {
  const server = await discover(provider);
  const client: oauth.Client = { client_id: provider.clientId };
  const parameters = oauth.validateAuthResponse(server, client, answer, state);
  // The key cannot leave the page, so a token that does is of no use.
  const proofs = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const options = { DPoP: proofs, ...transportOf(provider) };
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    provider.address,
    verifier,
    options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  const graph = new URL('/graphql', provider.address);
  return {
    token: tokens.access_token,
    expiresAtMs: Date.now() + (tokens.expires_in ?? 0) * 1_000,
    async post(body, headers) {
      const all = new Headers(headers);
      all.set('content-type', 'application/json');
      return oauth
        .protectedResourceRequest(tokens.access_token, 'POST', graph, all, body, options)
        .catch((error: unknown) => {
          // The graph says itself why it refuses a token.
          if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
          throw error;
        });
    },
  };
}

async function discover(provider: Provider): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(provider.issuer);
  const response = await oauth.discoveryRequest(issuer, transportOf(provider));
  return oauth.processDiscoveryResponse(issuer, response);
}

/** Plain HTTP stays on this machine. */
function transportOf({ issuer }: Provider) {
  const { protocol, hostname } = new URL(issuer);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return { [oauth.allowInsecureRequests]: protocol === 'http:' && isLocal };
}

function takeRoundTrip(): RoundTrip | undefined {
  const kept = sessionStorage.getItem(roundTripKey);
  sessionStorage.removeItem(roundTripKey);
  // Written by beginSignIn, in this tab and under this origin.
  return kept === null ? undefined : (JSON.parse(kept) as RoundTrip);
}

function wordsFor(error: unknown): string {
  const isAnswer =
    error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError;
  if (!isAnswer) return 'The sign-in did not succeed. Try again.';
  if (error.error === 'access_denied') return 'You were not signed in.';
  return `The sign-in did not succeed (${error.error}). Try again.`;
}
