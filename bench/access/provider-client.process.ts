import type { webcrypto } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import * as oauth from 'openid-client';
import { z } from 'zod';
import { runChild } from '../process/child.ts';
import { createBrowser } from './browser.ts';
import { appRedirect, providerStarted, type ProviderStarted } from './provider-started.ts';

const orderSchema = z.object({
  provider: providerStarted,
  step: z.enum(['sign-in', 'refresh', 'client-credentials']),
  concurrency: z.int(),
  durationMs: z.number(),
  // WebCrypto checks its shape.
  partnerKey: z.custom<webcrypto.JsonWebKey>(),
});
type Order = z.infer<typeof orderSchema>;
type Person = ProviderStarted['people'][number];
type Again = () => Promise<unknown>;

/** Clients of a provider: each does its step again as soon as it is through. */
runChild(async () => ({
  started: {},
  answer: (message) => run(orderSchema.parse(message)),
  stop: async () => {},
}));

async function run(order: Order) {
  const { provider, concurrency, durationMs, step } = order;
  const people = provider.people.slice(0, concurrency);
  const clients: Again[] =
    step === 'client-credentials'
      ? await Promise.all(people.map(() => partner(order)))
      : await Promise.all(people.map((one) => (step === 'refresh' ? app : visitor)(provider, one)));
  let done = 0;
  const begun = performance.now();
  const until = begun + durationMs;
  await Promise.all(
    clients.map(async (again) => {
      for (; performance.now() < until; done += 1) await again();
    }),
  );
  return { done, elapsedMs: performance.now() - begun };
}

async function discover({ issuer }: ProviderStarted, clientId: string, auth: oauth.ClientAuth) {
  const options = { execute: [oauth.allowInsecureRequests] };
  return oauth.discovery(new URL(issuer), clientId, undefined, auth, options);
}

async function partner({ provider, partnerKey }: Order): Promise<Again> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('jwk', partnerKey, algorithm, false, ['sign']);
  const auth = oauth.PrivateKeyJwt({ key, kid: 'partner' });
  const config = await discover(provider, provider.partnerId, auth);
  return () => oauth.clientCredentialsGrant(config, { scope: 'patient:read' });
}

/** Signs in anew each time, with nothing in the browser but what a known one has. */
async function visitor(provider: ProviderStarted, person: Person): Promise<Again> {
  const config = await discover(provider, provider.appClientId, oauth.None());
  const keys = await oauth.randomDPoPKeyPair('ES256');
  return () => signIn(provider, person, config, oauth.getDPoPHandle(config, keys));
}

/** Signs in once; what is done again is the refresh. */
async function app(provider: ProviderStarted, person: Person): Promise<Again> {
  const config = await discover(provider, provider.appClientId, oauth.None());
  const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair('ES256'));
  let { refresh_token: token = '' } = await signIn(provider, person, config, DPoP);
  return async () => {
    const next = await oauth.refreshTokenGrant(config, token, undefined, { DPoP });
    if (next.refresh_token === undefined || next.refresh_token === token) {
      throw new Error('the refresh token was not replaced');
    }
    token = next.refresh_token;
  };
}

async function signIn(
  { fields }: ProviderStarted,
  { username, password }: Person,
  config: oauth.Configuration,
  DPoP: oauth.DPoPHandle,
) {
  const verifier = oauth.randomPKCECodeVerifier();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: appRedirect,
    scope: 'openid',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const browser = createBrowser();
  const page = await browser.follow(url, appRedirect);
  const filled = { [fields.username]: username, [fields.password]: password };
  const { url: back } = await browser.submit(page, filled, appRedirect);
  return oauth.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier }, undefined, {
    DPoP,
  });
}
