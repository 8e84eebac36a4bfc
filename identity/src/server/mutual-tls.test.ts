import { X509Certificate } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { connect as connectH2 } from 'node:http2';
import { once } from 'node:events';
import { Agent, request, type RequestOptions } from 'node:https';
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRevocationList, createTokenVerifier } from '@caregraph/access';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { createPool, type DatabasePool } from '@caregraph/database';
import {
  clientCertificate,
  clientCertificateThumbprint,
  createNetworkServer,
  defaultNetworkConfig,
  type NetworkConfig,
} from '@caregraph/network';
import { createLogger } from '@caregraph/observability';
import { createTestDatabase, freePort, type TestDatabase } from '@caregraph/testbed';
import { makeCertificate, writePair, type Certificate } from '@caregraph/testbed/network';
import { createIdentity, type Identity } from '../identity.ts';
import { writeOAuthError } from './error-text.ts';
import { createIdentityHost, type IdentityHost } from './identity-host.ts';

/** Partners that prove themselves by the certificate of their connection, over a socket of ours. */

const ids = createIdSource(clock);
const log = createLogger({ service: 'test', level: 'silent' });
const audience = 'https://caregraph.test/graph';
let server: Certificate;
let authority: Certificate;
let database: TestDatabase;
let pool: DatabasePool;
let identity: Identity;
let host: IdentityHost;
let network: NetworkConfig;
let issuer: string;
let folder: string;

beforeAll(async () => {
  server = await makeCertificate('identity');
  authority = await makeCertificate('partners', { authority: true });
  const { directory, ...files } = await writePair(server);
  folder = directory;
  const clientCaFile = `${directory}/clients.crt`;
  await writeFile(clientCaFile, authority.cert);
  network = {
    ...defaultNetworkConfig,
    tls: { ...files, clientCaFile, selfSignedClients: true, pollMs: 60_000 },
  };
  database = await createTestDatabase('identity');
  pool = createPool(database.target, {
    ...{ maxConnections: 6, statementTimeoutMs: 20_000, applicationName: 'mutual-tls-test' },
  });
  const port = await freePort();
  issuer = `https://127.0.0.1:${port}/identity`;
  identity = await createIdentity({
    ...{ pool, issuer, audience, clientCertificate, clock, ids, log },
    sealingKey: new Uint8Array(32).fill(7),
    publicUrl: `https://127.0.0.1:${port}`,
    tellRevocation: () => Promise.resolve(),
    askInstitution: async (_authorization, _document, { id }) => {
      const institution = { id: ids.next(), area: { id: ids.next() } };
      return { data: { partner: { id, state: 'ACTIVE', version: 1, institution } } };
    },
  });
  host = await createIdentityHost({
    ...{ identity, network, port, clock, ids, log },
    host: '127.0.0.1',
    prefix: '/identity',
    deliveryKey: new Uint8Array(32).fill(3),
    drainTimeoutMs: 1_000,
  });
  await host.listen();
});
afterAll(async () => {
  await host.close();
  await identity.stop();
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

const shown = (one: Certificate | undefined) => (one ? { cert: one.cert, key: one.key } : {});

/** Asks over HTTP/1.1 on a connection of its own. */
async function ask(url: string, { body, ...options }: RequestOptions & { body?: string }) {
  const agent = new Agent({ keepAlive: false });
  const sent = request(url, { ca: server.cert, agent, method: 'GET', ...options });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & Answered];
  let text = '';
  for await (const chunk of answer) text += chunk.toString();
  return { status: answer.statusCode, headers: answer.headers, text };
}
interface Answered {
  readonly statusCode: number;
  readonly headers: Record<string, string | undefined>;
}

const form = (clientId: string) =>
  new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId }).toString();
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

async function tokenFor(partnerId: string, certificate?: Certificate) {
  const body = form(partnerId);
  const { status, text } = await ask(`${issuer}/token`, {
    ...{ method: 'POST', headers: formType, body, ...shown(certificate) },
  });
  const { access_token: token = '' } = JSON.parse(text) as { access_token?: string };
  return { status, token };
}

async function register(
  authMethod: 'tls_client_auth' | 'self_signed_tls_client_auth',
  x5c?: string,
) {
  const partnerId = ids.next();
  const { publicKey } = await generateKeyPair('ES256');
  const jwk = x5c === undefined ? await exportJWK(publicKey) : jwkOf(x5c);
  await identity.partnerKeys.register({
    ...{ partnerId, authMethod, scope: ['patient:read'] },
    jwks: { keys: [{ ...jwk, kid: 'c' }] },
    certificateSubject: 'CN=laboratory',
    // What it takes is checked by the function itself.
  } as Parameters<Identity['partnerKeys']['register']>[0]);
  return partnerId;
}

function jwkOf(pem: string) {
  const { publicKey, raw } = new X509Certificate(pem);
  return { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] };
}

describe('tls_client_auth', () => {
  let partnerId: string;
  beforeAll(async () => {
    partnerId = await register('tls_client_auth');
  });

  test('the subject that an authority vouches for gets a token bound to its certificate', async () => {
    const own = await makeCertificate('laboratory', { by: authority });
    const { status, token } = await tokenFor(partnerId, own);
    expect(status).toBe(200);
    expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
  });

  test('nobody else does', async () => {
    const impostors = [
      undefined,
      await makeCertificate('laboratory'),
      await makeCertificate('another', { by: authority }),
      await makeCertificate('laboratory', {
        by: await makeCertificate('evil', { authority: true }),
      }),
      await makeCertificate('laboratory', { by: authority, expired: true }),
    ];
    for (const one of impostors) expect((await tokenFor(partnerId, one)).status).toBe(401);
  });

  test('a certificate in a header is nobody’s', async () => {
    const { cert } = await makeCertificate('laboratory', { by: authority });
    const pem = encodeURIComponent(cert);
    const headers = {
      ...formType,
      'x-client-cert': pem,
      'client-cert': pem,
      'x-ssl-client-cert': pem,
    };
    const body = form(partnerId);
    expect((await ask(`${issuer}/token`, { method: 'POST', headers, body })).status).toBe(401);
  });

  test('it holds over HTTP/2 as well', async () => {
    const own = await makeCertificate('laboratory', { by: authority });
    for (const [certificate, expected] of [
      [own, 200],
      [undefined, 401],
    ] as const) {
      const session = connectH2(new URL(issuer).origin, {
        ca: server.cert,
        ...shown(certificate),
      });
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/identity/token', ...formType },
      });
      stream.end(form(partnerId));
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      expect(headers[':status'], text).toBe(expected);
      session.destroy();
    }
  });
});

test('self_signed_tls_client_auth: the registered certificate, and no other of its name', async () => {
  const own = await makeCertificate('laboratory');
  const partnerId = await register('self_signed_tls_client_auth', own.cert);
  const { status, token } = await tokenFor(partnerId, own);
  expect(status).toBe(200);
  expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
  const other = await makeCertificate('laboratory');
  expect((await tokenFor(partnerId, other)).status).toBe(401);
  expect((await tokenFor(partnerId)).status).toBe(401);
});

test('a bound token is good on a connection with the same certificate, and on no other', async () => {
  const own = await makeCertificate('laboratory', { by: authority });
  const { token } = await tokenFor(await register('tls_client_auth'), own);
  const keys = (await ask(`${issuer}/jwks`, {})).text;
  const verifier = createTokenVerifier({
    ...{ issuer, audience, clock, revocations: createRevocationList(clock) },
    keys: createLocalJWKSet(JSON.parse(keys) as JSONWebKeySet),
  });
  const resource = await createNetworkServer({
    ...{ host: '127.0.0.1', network, bodyLimitBytes: 1_024, writeError: writeOAuthError },
    ...{ clock, ids, log },
  });
  resource.app.get('/', async (request) => {
    const { authorization } = request.headers;
    const thumbprint = clientCertificateThumbprint(request);
    return verifier.verifyRequest({ authorization, clientCertificateThumbprint: thumbprint });
  });
  const url = (await resource.app.listen({ host: '127.0.0.1', port: 0 })).replace(
    'http:',
    'https:',
  );
  const statusWith = async (certificate?: Certificate) =>
    (await ask(url, { headers: { authorization: `Bearer ${token}` }, ...shown(certificate) }))
      .status;
  expect(await statusWith(own)).toBe(200);
  expect(await statusWith(await makeCertificate('laboratory', { by: authority }))).toBe(401);
  expect(await statusWith()).toBe(401);
  await resource.app.close();
});

describe('the host', () => {
  test('refuses what the router refuses, in the words of OAuth', async () => {
    const answers = {
      HOST_REFUSED: ask(`${issuer}/jwks`, {
        headers: { host: 'evil.example' },
        checkServerIdentity: () => undefined,
      }),
      TARGET_REFUSED: ask(`${new URL(issuer).origin}/identity//jwks`, {}),
      ORIGIN_REFUSED: ask(`${issuer}/token`, {
        ...{ method: 'POST', headers: { ...formType, origin: 'https://evil.example' } },
        body: form('x'),
      }),
    };
    for (const [reason, asked] of Object.entries(answers)) {
      const { status, text, headers } = await asked;
      expect(status, reason).toBeGreaterThanOrEqual(400);
      expect(JSON.parse(text)).toMatchObject({ reason, error: expect.any(String) });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['strict-transport-security']).toContain('max-age');
      expect(headers['server']).toBeUndefined();
    }
  });

  test('unsigned events are refused', async () => {
    const { status, text } = await ask(`${new URL(issuer).origin}/events`, {
      ...{ method: 'POST', body: '[]' },
      headers: { 'content-type': 'application/cloudevents-batch+json' },
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(JSON.parse(text)).toMatchObject({ error: expect.any(String) });
  });
});
