import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestIdentity, type TestIdentity } from '../test-identity.ts';

let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity();
});
afterAll(() => one.stop());

/** What a page of an origin may read of a token request; the code is wrong, which is no matter. */
async function readableBy(origin: string, clientId: string): Promise<string | null> {
  const answer = await fetch(`${one.issuer}/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: clientId, code: 'none' },
      ...{ redirect_uri: `${one.url}/explorer/`, code_verifier: 'v'.repeat(43) },
    }),
  });
  return answer.headers.get('access-control-allow-origin');
}

describe('the token endpoint', () => {
  test("lets the explorer's page read its answer", async () => {
    expect(await readableBy(one.url, 'explorer')).toBe(one.url);
  });

  test.each([
    ['a page elsewhere in the name of the explorer', 'https://evil.test', 'explorer'],
    ['a page without an origin', 'null', 'explorer'],
    ['a page elsewhere in the name of the app', 'https://evil.test', 'field-app'],
  ])('lets %s read nothing', async (_who, origin, clientId) => {
    expect(await readableBy(origin, clientId)).toBeNull();
  });

  test('lets our own page read nothing that is for the app', async () => {
    expect(await readableBy(one.url, 'field-app')).toBeNull();
  });
});
