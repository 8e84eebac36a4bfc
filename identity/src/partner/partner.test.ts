import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { SignJWT, decodeJwt, exportJWK, generateKeyPair, type JWK } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import type { ClientCertificate } from '../provider/client-certificate.ts';
import wycheproof from '../../../packages/access/src/token/vectors/wycheproof-es256.json' with { type: 'json' };
import { audience, startTestIdentity, type TestIdentity } from '../test-identity.ts';

let one: TestIdentity;
let certificate: ClientCertificate | undefined;
beforeAll(async () => {
  one = await startTestIdentity({ certificate: () => certificate });
});
afterAll(() => one.stop());

async function keyPair(kid: string, algorithm = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid } };
}
type Pair = Awaited<ReturnType<typeof keyPair>>;

const scope = ['patient:read', 'clinical:read'] as const;

async function addPartner(
  pair: Pick<Pair, 'kid' | 'publicJwk'>,
  over: object = {},
): Promise<string> {
  const partnerId = one.ids.next();
  one.institution.partners.set(partnerId, { state: 'ACTIVE', version: 1 });
  const jwks = { keys: [pair.publicJwk] };
  await one.identity.partnerKeys.register({
    partnerId,
    jwks,
    scope: [...scope],
    ...over,
    // The shape is what the function checks.
  } as Parameters<typeof one.identity.partnerKeys.register>[0]);
  return partnerId;
}

const configOf = (partnerId: string, { privateKey, kid }: Pair) =>
  one.discover(partnerId, client.PrivateKeyJwt({ key: privateKey, kid }));

async function tokenOf(partnerId: string, pair: Pair, parameters: Record<string, string> = {}) {
  return client.clientCredentialsGrant(await configOf(partnerId, pair), parameters);
}

function assertion(partnerId: string, over: Record<string, unknown> = {}) {
  const nowS = Math.floor(Date.now() / 1_000);
  const claims = { aud: one.issuer, jti: one.ids.next(), iat: nowS, exp: nowS + 60, ...over };
  return new SignJWT({ iss: partnerId, sub: partnerId, ...claims });
}

function postAssertion(jwt: string, named: Record<string, string> = {}): Promise<Response> {
  return fetch(`${one.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: jwt,
      ...named,
    }),
  });
}

describe('private_key_jwt', () => {
  test.each(['ES256', 'EdDSA', 'PS256'])(
    '%s gives a token with the claims of a partner',
    async (alg) => {
      const pair = await keyPair('a', alg);
      const partnerId = await addPartner(pair);
      const { access_token } = await tokenOf(partnerId, pair);
      const claims = decodeJwt(access_token);
      expect(claims).toMatchObject({
        sub: partnerId,
        client_id: partnerId,
        roles: ['partner'],
        institution: one.institution.institutionId,
        areas: [one.institution.areaId],
        scope: scope.join(' '),
      });
      expect(claims['documents']).toBeUndefined();
      expect(decodeJwt(access_token).aud).toBe(audience);
    },
  );

  test('a token carries what was asked for, and never more than was registered', async () => {
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair);
    const less = await tokenOf(partnerId, pair, { scope: 'patient:read' });
    expect(decodeJwt(less.access_token)['scope']).toBe('patient:read');
    for (const asked of [
      'patient:read prescription:read',
      'stock:write',
      // Nothing of it is known: not to be taken for having asked for nothing.
      'patient:raed',
      'openid',
    ]) {
      const more = tokenOf(partnerId, pair, { scope: asked });
      await expect(more).rejects.toMatchObject({ error: 'invalid_scope' });
    }
  });

  test('a partner registered with nothing gets nothing', async () => {
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair);
    await one.store.partnerClient.update({ where: { partnerId }, data: { scope: '' } });
    const asked: Record<string, string>[] = [{}, { scope: 'patient:read' }, { scope: 'openid' }];
    for (const parameters of asked) {
      await expect(tokenOf(partnerId, pair, parameters)).rejects.toMatchObject({ status: 400 });
    }
  });

  test('no vector of Wycheproof passes for an assertion, and none is a fault', async () => {
    const { kid } = wycheproof.publicKey;
    const { alg, use, kty, crv, x, y } = wycheproof.publicKey;
    const partnerId = await addPartner({ kid, publicJwk: { alg, use, kty, crv, x, y, kid } });
    expect(wycheproof.tests.length).toBeGreaterThan(10);
    for (const { tcId, jws } of wycheproof.tests) {
      // With the client named: the vectors' payloads name none.
      for (const named of [{}, { client_id: partnerId }]) {
        const answer = await postAssertion(jws, named);
        expect([400, 401], `tcId ${tcId}`).toContain(answer.status);
        const { error } = (await answer.json()) as { error: string };
        expect(['invalid_client', 'invalid_request'], `tcId ${tcId}`).toContain(error);
      }
    }
  });

  test('an assertion works once, also when it is sent many times at once', async () => {
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair);
    const jwt = await assertion(partnerId)
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .sign(pair.privateKey);
    const answers = await Promise.all(Array.from({ length: 20 }, () => postAssertion(jwt)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
  });

  test('another audience, another key, no algorithm and a confused one are refused', async () => {
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair);
    const header = { alg: 'ES256', kid: 'a' };
    const stranger = await keyPair('a');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { iss: partnerId, sub: partnerId, aud: one.issuer, jti: 'none-1234', exp: 4e9 };
    const secret = new TextEncoder().encode(JSON.stringify(pair.publicJwk));
    const forged = [
      await assertion(partnerId, { aud: 'https://other.test' })
        .setProtectedHeader(header)
        .sign(pair.privateKey),
      await assertion(partnerId, { exp: 1_000 }).setProtectedHeader(header).sign(pair.privateKey),
      await assertion(partnerId).setProtectedHeader(header).sign(stranger.privateKey),
      await assertion(partnerId).setProtectedHeader({ alg: 'HS256', kid: 'a' }).sign(secret),
      await assertion(one.ids.next()).setProtectedHeader(header).sign(pair.privateKey),
      `${encode({ alg: 'none' })}.${encode(payload)}.`,
    ];
    for (const jwt of forged) {
      const answer = await postAssertion(jwt);
      expect(await answer.json()).toMatchObject({ error: 'invalid_client' });
      expect(answer.status).toBe(401);
    }
  });

  test('a suspended partner gets nothing, and what it has is void', async () => {
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair);
    await tokenOf(partnerId, pair);
    await one.identity.consumer.receive([
      {
        specversion: '1.0',
        id: one.ids.next(),
        type: 'org.caregraph.partner.changed.v1',
        source: 'caregraph/institution',
        subject: partnerId,
        time: one.clock.now().toISOString(),
        data: { partnerId, version: 2, state: 'SUSPENDED' },
      },
    ]);
    await expect(tokenOf(partnerId, pair)).rejects.toMatchObject({ error: 'invalid_client' });
    expect(one.told).toContainEqual(expect.objectContaining({ kind: 'client', id: partnerId }));
  });
});

describe('keys of a partner', () => {
  const put = (partnerId: string, jwt: string) =>
    fetch(`${one.issuer}/partner/${partnerId}/keys`, {
      method: 'PUT',
      headers: { 'content-type': 'application/jwt' },
      body: jwt,
    });
  const header = { alg: 'ES256', kid: 'a', typ: 'partner-keys+jwt' };

  test('are replaced by the partner itself, with its present key, once', async () => {
    const [old, next] = [await keyPair('a'), await keyPair('b')];
    const partnerId = await addPartner(old);
    const jwks = { keys: [next.publicJwk] };
    const statement = await assertion(partnerId, { jwks })
      .setProtectedHeader(header)
      .sign(old.privateKey);
    expect((await put(partnerId, statement)).status).toBe(204);
    await expect(tokenOf(partnerId, old)).rejects.toMatchObject({ error: 'invalid_client' });
    expect((await tokenOf(partnerId, next)).access_token).toMatch(/^ey/);
    expect((await put(partnerId, statement)).status).toBe(401);
  });

  test('are not replaced by a stranger, a client assertion, or private keys', async () => {
    const [own, stranger] = [await keyPair('a'), await keyPair('a')];
    const partnerId = await addPartner(own);
    const jwks = { keys: [stranger.publicJwk] };
    const secret: JWK = { ...(await exportJWK(stranger.privateKey)), kid: 's' };
    const refused = [
      assertion(partnerId, { jwks }).setProtectedHeader(header).sign(stranger.privateKey),
      assertion(partnerId, { jwks })
        .setProtectedHeader({ ...header, typ: 'JWT' })
        .sign(own.privateKey),
      assertion(partnerId, { jwks: { keys: [secret] } })
        .setProtectedHeader(header)
        .sign(own.privateKey),
    ];
    for (const jwt of refused) expect((await put(partnerId, await jwt)).status).toBe(401);
    expect((await tokenOf(partnerId, own)).access_token).toMatch(/^ey/);
  });
});

describe('mutual TLS', () => {
  async function makeCertificate(name: string): Promise<string> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const now = systemClock.now().getTime();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `O=Lab,CN=${name}`,
      keys: { privateKey, publicKey },
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      notBefore: new Date(now - 3_600_000),
      notAfter: new Date(now + 86_400_000),
    });
    return certificate.toString('pem');
  }
  const grant = (partnerId: string) =>
    fetch(`${one.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: partnerId }),
    });

  test('tls_client_auth: the subject of an authorised certificate, and a bound token', async () => {
    const pem = await makeCertificate('system');
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair, {
      authMethod: 'tls_client_auth',
      certificateSubject: 'CN=system,O=Lab',
    });
    certificate = { pem, authorized: true };
    const answer: unknown = await (await grant(partnerId)).json();
    const { access_token } = answer as { access_token: string };
    const thumbprint = Buffer.from(
      new X509Certificate(pem).fingerprint256.replaceAll(':', ''),
      'hex',
    ).toString('base64url');
    expect(decodeJwt(access_token)['cnf']).toEqual({ 'x5t#S256': thumbprint });
    certificate = { pem, authorized: false };
    expect((await grant(partnerId)).status).toBe(401);
    certificate = { pem: await makeCertificate('other'), authorized: true };
    expect((await grant(partnerId)).status).toBe(401);
    certificate = undefined;
    expect((await grant(partnerId)).status).toBe(401);
  });

  test('self_signed_tls_client_auth: the registered certificate and no other', async () => {
    const pem = await makeCertificate('alone');
    const x5c = [pem.replace(/-----[A-Z ]+-----|\s/g, '')];
    const jwk = new X509Certificate(pem).publicKey.export({ format: 'jwk' });
    const pair = await keyPair('a');
    const partnerId = await addPartner(pair, {
      authMethod: 'self_signed_tls_client_auth',
      jwks: { keys: [{ ...jwk, kid: 'c', x5c }] },
    });
    certificate = { pem, authorized: false };
    expect((await grant(partnerId)).status).toBe(200);
    certificate = { pem: await makeCertificate('alone'), authorized: false };
    expect((await grant(partnerId)).status).toBe(401);
    certificate = undefined;
  });
});
