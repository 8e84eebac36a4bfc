import { createHash, randomUUID } from 'node:crypto';
import { SignJWT, exportJWK } from 'jose';
import { Agent, fetch as fetchFrom } from 'undici';
import * as client from 'openid-client';
import { storeNames, type StoreName } from '@caregraph/database';
import { systemClock } from '@caregraph/clock';
import type { DemoCredentials } from '@caregraph/identity';
import { freePort } from '@caregraph/testbed';
import { startJourney, type JourneyStack } from './test-stack.ts';

export const appRedirect = 'org.caregraph.app:/signed-in';

/** What a browser shows: a page, or the address that it leaves for. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it was sent, when that was not followed. */
  readonly location: string;
}

/** A browser without a screen: keeps cookies by path, follows redirects of one host, sends forms. */
export interface Browser {
  readonly cookies: Map<string, { value: string; path: string }>;
  fetch(url: string | URL, init?: RequestInit): Promise<Page>;
  /** Opens an address and follows redirects as long as they stay on the host. */
  open(url: string | URL, init?: RequestInit): Promise<Page>;
  /** Fills the first form of a page, sends it, and follows redirects. */
  submit(page: Page, values: Readonly<Record<string, string>>): Promise<Page>;
}

/** @param address the loopback address that it calls from: another one is another source */
export function createBrowser(address = '127.0.0.1'): Browser {
  const cookies: Browser['cookies'] = new Map();
  const dispatcher = new Agent({ localAddress: address, keepAliveTimeout: 100 });
  async function visit(to: string | URL, init: RequestInit = {}): Promise<Page> {
    const url = new URL(to);
    const sent = [...cookies].filter(([, { path }]) => url.pathname.startsWith(path));
    const headers = new Headers(init.headers);
    if (sent.length > 0 && !headers.has('cookie')) {
      headers.set('cookie', sent.map(([name, { value }]) => `${name}=${value}`).join('; '));
    }
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    const { method = 'GET' } = init;
    const body = init.body instanceof URLSearchParams ? init.body.toString() : undefined;
    if (body !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded');
    const answer = await fetchFrom(url, {
      ...{ method, headers: Object.fromEntries(headers), redirect: 'manual', dispatcher },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of answer.headers.getSetCookie()) keep(line);
    const location = answer.headers.get('location') ?? '';
    const { status } = answer;
    const shown = new Headers([...answer.headers].map(([name, value]) => [name, value]));
    return { url, status, headers: shown, text: await answer.text(), location };
  }
  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const path = /; path=([^;]*)/i.exec(line)?.[1] ?? '/';
    if (/Max-Age=0\b|expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
    else cookies.set(name, { value, path });
  }
  async function open(to: string | URL, init?: RequestInit): Promise<Page> {
    let page = await visit(to, init);
    for (let step = 0; step < 10 && page.location !== ''; step += 1) {
      const next = new URL(page.location, page.url);
      if (next.host !== page.url.host || next.pathname.startsWith('/explorer/')) return page;
      page = await visit(next);
    }
    return page;
  }
  return {
    cookies,
    fetch: visit,
    open,
    submit(page, values) {
      const { action, fields } = formOf(page);
      const { origin } = page.url;
      return open(new URL(action, page.url), {
        method: 'POST',
        body: new URLSearchParams({ ...fields, ...values }),
        headers: { origin, 'sec-fetch-site': 'same-origin' },
      });
    },
  };
}

/** The first form of a page: where it goes, and what it brings along unseen. */
export function formOf(page: Page): { action: string; fields: Record<string, string> } {
  const form = /<form[\s\S]*?<\/form>/.exec(page.text)?.[0];
  if (form === undefined) throw new Error(`${page.url.pathname} has no form: ${page.status}`);
  const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
  return { action: /<form[^>]* action="([^"]+)"/.exec(form)?.[1] ?? '', fields };
}

/** The stack with identity, and people of the district who have credentials. */
export interface SignInStack extends JourneyStack {
  readonly issuer: string;
  /** The password of somebody; makes the account at the first call. The user name is the key. */
  passwordOf(actorKey: string): Promise<string>;
  /** The same for somebody with an authenticator app. */
  credentialsOf(actorKey: string): Promise<DemoCredentials>;
  discover(clientId: string, auth?: client.ClientAuth): Promise<client.Configuration>;
  accounts(): NonNullable<NonNullable<JourneyStack['deployment']['identity']>['accounts']>;
}

export async function startSignInJourney(households = 1): Promise<SignInStack> {
  const stack = await startJourney({ households, signInPort: await freePort() });
  const issuer = `${stack.url}/identity`;
  const accounts = () => {
    const found = stack.deployment.identity?.accounts;
    if (found === undefined) throw new Error('nobody has an account here');
    return found;
  };
  const addAccount = (actorKey: string, hasSecondFactor: boolean) => {
    const { staffId } = stack.actor(actorKey);
    return accounts().addDemoAccount({ staffId, username: actorKey, hasSecondFactor });
  };
  return {
    ...stack,
    issuer,
    accounts,
    passwordOf: async (actorKey) => (await addAccount(actorKey, false)).password,
    credentialsOf: (actorKey) => addAccount(actorKey, true),
    discover: (clientId, auth = client.None()) =>
      client.discovery(new URL(issuer), clientId, undefined, auth, {
        execute: [client.allowInsecureRequests],
      }),
  };
}

/** A field app with its key and its tokens. */
export interface AppSession {
  readonly config: client.Configuration;
  readonly keys: client.CryptoKeyPair;
  readonly handle: client.DPoPHandle;
  readonly tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;
}

/** An authorization request of the app, and what only the app knows of it. */
export async function beginAppSignIn(
  config: client.Configuration,
  over: Readonly<Record<string, string>> = {},
): Promise<{ url: URL; verifier: string; state: string; nonce: string }> {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    ...{ redirect_uri: appRedirect, scope: 'openid', state, nonce },
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...over,
  });
  return { url, verifier, state, nonce };
}

/** The whole flow through the real pages: request, password, code, tokens. */
export async function signInToApp(
  stack: SignInStack,
  actorKey: string,
  options: { browser?: Browser; deviceId?: string; password?: string } = {},
): Promise<AppSession> {
  const { browser = createBrowser(), deviceId } = options;
  const password = options.password ?? (await stack.passwordOf(actorKey));
  const config = await stack.discover('field-app');
  const over = deviceId === undefined ? {} : { device_id: deviceId };
  const { url, verifier, state, nonce } = await beginAppSignIn(config, over);
  const page = await browser.open(url);
  const left = await browser.submit(page, { username: actorKey, password });
  if (!left.location.startsWith(appRedirect)) throw new Error(`${left.status}: ${left.text}`);
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const handle = client.getDPoPHandle(config, keys);
  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(left.location),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
    undefined,
    { DPoP: handle },
  );
  return { config, keys, handle, tokens };
}

export function refresh(
  { config, handle }: Pick<AppSession, 'config' | 'handle'>,
  token: string | undefined,
): Promise<client.TokenEndpointResponse> {
  return client.refreshTokenGrant(config, token ?? '', undefined, { DPoP: handle });
}

/** A proof of the app's key for one request (RFC 9449). */
export async function proofFor(
  { keys }: Pick<AppSession, 'keys'>,
  request: { url: string; method?: string; token?: string },
): Promise<string> {
  const { url, method = 'POST', token } = request;
  const ath = token && createHash('sha256').update(token).digest('base64url');
  const iat = Math.floor(systemClock.now().getTime() / 1_000);
  return new SignJWT({ htm: method, htu: url, jti: randomUUID(), iat, ...(ath && { ath }) })
    .setProtectedHeader({
      ...{ alg: 'ES256', typ: 'dpop+jwt' },
      jwk: await exportJWK(keys.publicKey),
    })
    .sign(keys.privateKey);
}

export interface GraphAnswer {
  readonly status: number;
  readonly data: Record<string, unknown> | null;
  readonly code: string | undefined;
  readonly reason: string | undefined;
}

const firstError = (body: GraphBody) => body.errors?.[0]?.extensions;

interface GraphBody {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { extensions: { code: string; reason?: string } }[];
}

function answerOf(status: number, body: GraphBody): GraphAnswer {
  const { code, reason } = firstError(body) ?? {};
  return { status, data: body.data ?? null, code, reason };
}

/** Sends a body to the router with a bound token, or with headers of a test's own. */
export async function askRouter(
  stack: JourneyStack,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>>,
): Promise<GraphAnswer> {
  const answer = await fetch(`${stack.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answerOf(answer.status, (await answer.json()) as GraphBody);
}

/** The headers of a request with a bound token and a new proof. */
export async function bound(
  stack: JourneyStack,
  session: Pick<AppSession, 'keys'>,
  token: string,
): Promise<Record<string, string>> {
  const proof = await proofFor(session, { url: `${stack.url}/graphql`, token });
  return { authorization: `DPoP ${token}`, dpop: proof };
}

/** Asks every subgraph straight, as somebody who got around the router. */
export async function askSubgraphs(
  stack: JourneyStack,
  headers: () => Promise<Record<string, string>>,
): Promise<Record<StoreName, string>> {
  const answers = storeNames.map(async (name) => {
    const answer = await stack.deployment.subgraphs[name].execute({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(await headers()) },
      search: '',
      body: { query: '{ _service { sdl } }' },
    });
    const text = answer.body.kind === 'complete' ? answer.body.string : '{}';
    return [name, firstError(JSON.parse(text) as GraphBody)?.code ?? 'answered'] as const;
  });
  return Object.fromEntries(await Promise.all(answers)) as Record<StoreName, string>;
}

/** What every subgraph is expected to say. */
export function allSubgraphs(code: string): Record<string, string> {
  return Object.fromEntries(storeNames.map((name) => [name, code]));
}
