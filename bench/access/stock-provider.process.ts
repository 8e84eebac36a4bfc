import {
  Provider,
  interactionPolicy,
  type ClientMetadata,
  type Configuration,
  type JWKS,
} from 'oidc-provider';
import { z } from 'zod';
import { exportJWK, generateKeyPair } from 'jose';
import { runChild } from '../process/child.ts';
import { appRedirect, type ProviderStarted } from './provider-started.ts';

type Jwk = JWKS['keys'][number];

const settingsSchema = z.object({
  port: z.int(),
  people: z.int(),
  // Made by the bench; the provider checks its shape.
  partnerJwk: z.custom<Jwk>(),
});

const resource = 'https://caregraph.invalid/graph';
const scope = 'patient:read';

const appClient: ClientMetadata = {
  client_id: 'app',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: 'ES256',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [appRedirect],
  dpop_bound_access_tokens: true,
};

const partnerClient: ClientMetadata = {
  client_id: 'partner',
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
};

const configuration: Configuration = {
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: ['none', 'private_key_jwt'],
  scopes: ['openid', 'offline_access', scope],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  expiresWithSession: async () => false,
  async loadExistingGrant({ oidc }) {
    const [accountId, clientId] = [oidc.account?.accountId, oidc.client?.clientId];
    if (accountId === undefined || clientId === undefined) return undefined;
    const grant = new oidc.provider.Grant({ accountId, clientId });
    grant.addOIDCScope('openid');
    grant.addResourceScope(resource, scope);
    await grant.save();
    return grant;
  },
  features: {
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        ...{ scope, audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt' as const },
        jwt: { sign: { alg: 'ES256' as const } },
      }),
    },
  },
};

/**
 * The library that identity is made of, as it comes: everything in memory, its development pages,
 * which take any password without looking at it. Tokens and clients are of the same kind as ours.
 */
runChild(async (settings) => {
  const { port, people, partnerJwk } = settingsSchema.parse(settings);
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const signing = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'a' };
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const provider = new Provider(issuer, {
    ...configuration,
    jwks: { keys: [signing as Jwk] },
    clients: [appClient, { ...partnerClient, jwks: { keys: [partnerJwk] } }],
    interactions: { policy },
  });
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const started: ProviderStarted = {
    ...{ issuer, appClientId: 'app', partnerId: 'partner' },
    people: Array.from({ length: people }, (_, at) => ({ username: `p${at}`, password: 'any' })),
    fields: { username: 'login', password: 'password' },
  };
  return {
    started,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
});
