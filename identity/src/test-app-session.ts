import * as client from 'openid-client';
import { createTestBrowser } from './test-browser.ts';
import { appRedirect, type TestIdentity } from './test-identity.ts';

/** A signed-in field app. */
export interface AppSession {
  readonly config: client.Configuration;
  readonly tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;
  readonly handle: client.DPoPHandle;
  readonly keys: client.CryptoKeyPair;
}

/** Runs the whole flow: authorization request, sign-in, code, tokens. */
export async function signInToApp(
  one: TestIdentity,
  staffId: string,
  parameters: Record<string, string> = {},
): Promise<AppSession> {
  one.signInAs(staffId);
  const config = await one.discover('field-app');
  const { url, verifier } = await authorizationUrl(config, parameters);
  const back = await createTestBrowser().follow(url, appRedirect);
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const handle = client.getDPoPHandle(config, keys);
  const tokens = await client.authorizationCodeGrant(
    config,
    back,
    { pkceCodeVerifier: verifier },
    undefined,
    { DPoP: handle },
  );
  return { config, tokens, handle, keys };
}

export async function authorizationUrl(
  config: client.Configuration,
  parameters: Record<string, string> = {},
): Promise<{ url: URL; verifier: string }> {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: appRedirect,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return { url, verifier };
}

/** @throws ResponseBodyError with the OAuth error code */
export function refreshOnce(
  { config, handle }: Pick<AppSession, 'config' | 'handle'>,
  token: string | undefined,
): Promise<client.TokenEndpointResponse> {
  return client.refreshTokenGrant(config, token ?? '', undefined, { DPoP: handle });
}
