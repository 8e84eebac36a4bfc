import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenVerifier } from '@caregraph/access';
import { createTestBrowser } from './test-browser.ts';
import { appRedirect, audience, startTestIdentity, type TestIdentity } from './test-identity.ts';

let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity();
});
afterAll(() => one.stop());

async function signIn(over: Record<string, string> = {}) {
  const config = await one.discover('field-app');
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: appRedirect,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...over,
  });
  const back = await createTestBrowser().follow(url, appRedirect);
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const tokens = await client.authorizationCodeGrant(
    config,
    back,
    { pkceCodeVerifier: verifier },
    undefined,
    { DPoP: handle },
  );
  return { config, tokens, handle };
}

describe('the field app signs in', () => {
  test('discovery, PKCE, DPoP, and the claims of the contract', async () => {
    const staffId = await one.addStaff('CLINICIAN');
    one.signInAs(staffId);
    const { tokens } = await signIn();
    expect(tokens.token_type).toBe('dpop');
    expect(tokens.expires_in).toBe(600);
    expect(tokens.refresh_token).toMatch(/^cgr_/);
    expect(tokens.claims()?.sub).toBe(staffId);
    const verifier = createTokenVerifier({
      issuer: one.issuer,
      audience,
      keys: one.identity.keys,
      clock: one.clock,
    });
    const actor = await verifier.verify(tokens.access_token).catch((error: unknown) => error);
    expect(actor).toMatchObject({
      id: staffId,
      clientId: 'field-app',
      roles: ['clinician'],
      institutionId: one.institution.institutionId,
      areaRoots: [one.institution.areaId],
      purposes: ['treatment', 'care_coordination'],
      documents: 'registered',
    });
  });
});
