import { errors, Provider, type Configuration } from 'oidc-provider';
import type {
  AccessToken,
  AdapterPayload,
  ClientCredentials,
  KoaContextWithOIDC,
  ResourceServer,
} from 'oidc-provider';
import type { JWK, JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { permissions } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { KeySet } from '../keys/signing-keys.ts';
import type { PartnerClients } from '../partner/partner-client.store.ts';
import { createRefreshAdapter } from '../refresh/refresh-adapter.ts';
import type { RefreshFamilies } from '../refresh/refresh-family.store.ts';
import { registerRefreshGrant } from '../refresh/refresh-grant.ts';
import type { RefreshTokens } from '../refresh/refresh-token.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { StaffProjections } from '../staff/staff.projection.ts';
import { requireKnownScope } from './asked-scope.ts';
import { subjectOf, type CertificateOf } from './client-certificate.ts';
import { clientIds, ownClients } from './clients.ts';
import { createGrantDevices, type GrantDevices } from './grant-device.ts';
import { createGrantLoader } from './grant-loader.ts';
import type { DeviceCodePages, ProviderPages } from './pages.ts';
import { AlreadyConsumed, type ProviderRecords } from './provider-record.ts';
import { registerBrowserCheck, registerSignOutPage, type BrowserToken } from './browser-pages.ts';
import { registerIssueInstant } from './issue-instant.ts';
import { partnerScope } from './partner-scope.ts';
import { registerAccessTokenRevocation } from './revoke-access-token.ts';
import { createSignInPolicy, isOutdated, type PasswordAge } from './sign-in-age.ts';
import type { TokenClaims, TokenRequestNotes } from './token-claims.ts';

export interface ProviderDeps {
  readonly issuer: string;
  readonly publicUrl: string;
  /** Where the provider's pages lie on its host, e.g. `/identity`. */
  readonly prefix: string;
  readonly audience: string;
  readonly extraAppRedirects: readonly string[];
  readonly cookieKeys: readonly string[];
  readonly records: ProviderRecords;
  readonly tokens: RefreshTokens;
  readonly families: RefreshFamilies;
  readonly partners: PartnerClients;
  readonly staff: StaffProjections;
  readonly claims: TokenClaims;
  readonly notes: TokenRequestNotes;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly passwordAge: PasswordAge;
  /** Finds the public key of an access token of ours. */
  readonly verifyingKeys: JWTVerifyGetKey;
  readonly revocations: Revocations;
  readonly isEnrolled: (deviceId: string, institutionId: string) => Promise<boolean>;
  readonly clientCertificate: CertificateOf;
  /** Tells that a browser's session ended. */
  readonly onSignOut: (sessionUid: string) => void;
  readonly deviceCodePages: DeviceCodePages;
  readonly providerPages: ProviderPages;
  /** Left out by stand-ins of the pages, whose sign-ins any browser may finish. */
  readonly browserToken: BrowserToken | undefined;
}

const accessTokenTtlS = 600;

const lifetimesS = {
  AccessToken: accessTokenTtlS,
  AuthorizationCode: 60,
  ClientCredentials: accessTokenTtlS,
  DeviceCode: 600,
  Grant: 3_600,
  IdToken: 600,
  Interaction: 900,
  // Read by nobody: families have their own lifetimes.
  RefreshToken: 400 * 24 * 3_600,
  Session: 12 * 3_600,
};

/** The provider over one set of keys; another set makes another provider (see live-provider.ts). */
export function createProvider(keys: KeySet, deps: ProviderDeps): Provider {
  const devices = createGrantDevices(deps.records);
  const provider = new Provider(deps.issuer, configurationOf(keys, deps, devices));
  // Behind TLS termination the mount says which protocol the client used; nobody else may.
  provider.proxy = true;
  takeOverTokens(provider, deps);
  registerIssueInstant(provider, { ...deps, devices });
  provider.on('end_session.success', ({ oidc }) => {
    if (oidc.session !== undefined) deps.onSignOut(oidc.session.uid);
  });
  const { browserToken: tokenOf, prefix } = deps;
  if (tokenOf) registerBrowserCheck(provider, { tokenOf, codePage: `${prefix}/device` });
  registerSignOutPage(provider, deps.providerPages.signOut);
  registerAccessTokenRevocation(provider, { ...deps, keys: deps.verifyingKeys });
  registerRefreshGrant(provider, {
    ...deps,
    resource: resourceOf(deps),
    resourceServer: (scope) => resourceServer(keys, deps, scope),
  });
  return provider;
}

function configurationOf(keys: KeySet, deps: ProviderDeps, devices: GrantDevices): Configuration {
  const { issuer, records, partners, prefix } = deps;
  const secure = issuer.startsWith('https:');
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', secure } as const;
  // A client's metadata is what the adapter is asked for; its type knows stored records alone.
  const findPartner = (id: string) => partners.find(id) as Promise<AdapterPayload | undefined>;
  const refresh = createRefreshAdapter({ ...deps, deviceOf: devices.of });
  return {
    adapter: (model) => {
      if (model === 'RefreshToken') return refresh;
      const adapter = consumeOnce(records.adapter(model));
      return model === 'Client' ? { ...adapter, find: findPartner } : adapter;
    },
    clients: ownClients(deps),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: keys.all.map((key) => key.privateJwk as JWK & { kty: string }) },
    cookies: { keys: [...deps.cookieKeys], long: cookie, short: cookie },
    scopes: ['openid', ...permissions],
    claims: { openid: ['sub'] },
    subjectTypes: ['public'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    clientAuthMethods: [
      'none',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
      idTokenSigningAlgValues: ['ES256'],
      dPoPSigningAlgValues: ['ES256'],
    },
    features: featuresOf(keys, deps),
    findAccount: (_ctx, sub, grant) => findAccount(deps, sub, grant),
    issueRefreshToken: (_ctx, client) => Promise.resolve(client.grantTypeAllowed('refresh_token')),
    expiresWithSession: (ctx) =>
      Promise.resolve(ctx.oidc.client?.grantTypeAllowed('refresh_token') !== true),
    extraTokenClaims: (ctx, token) => claimsOf(ctx, token, deps, devices),
    formats: { customizers: { jwt: partnerScope } },
    extraParams: { device_id: checkRequest },
    loadExistingGrant: createGrantLoader({ ...deps, devices, resource: resourceOf(deps) }),
    // The explorer's page is the only one that asks for tokens; everyone else is no web page.
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientId === clientIds.explorer && origin === new URL(deps.publicUrl).origin,
    interactions: {
      policy: createSignInPolicy(deps.passwordAge),
      url: (_ctx, { uid }) => `${prefix}/interaction/${uid}`,
    },
    renderError: deps.providerPages.renderError,
    ttl: lifetimesS,
  };
}

function featuresOf(keys: KeySet, deps: ProviderDeps): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    introspection: { enabled: false },
    registration: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    revocation: { enabled: true, allowedPolicy: revokesOwn },
    rpInitiatedLogout: { enabled: true, ...deps.providerPages.signOut },
    deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', ...deps.deviceCodePages },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: (ctx) => deps.clientCertificate(ctx.req)?.pem,
      certificateAuthorized: (ctx) => deps.clientCertificate(ctx.req)?.authorized === true,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_subject_dn' &&
        subjectOf(deps.clientCertificate(ctx.req)) === expected,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resourceOf(deps),
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource, client) => {
        if (resource !== resourceOf(deps)) throw new errors.InvalidTarget();
        return resourceServer(keys, deps, client.scope);
      },
    },
  };
}

/** The graph's address names it; the audience in the token is what verifiers were told. */
function resourceOf({ publicUrl }: ProviderDeps): string {
  return `${publicUrl}/graphql`;
}

function resourceServer(keys: KeySet, deps: ProviderDeps, scope: string | undefined) {
  return {
    scope: scope ?? permissions.join(' '),
    audience: deps.audience,
    accessTokenTTL: accessTokenTtlS,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256', kid: keys.active.keyId } },
  } satisfies ResourceServer;
}

async function claimsOf(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  { claims, notes, ids }: ProviderDeps,
  devices: GrantDevices,
): Promise<Record<string, unknown>> {
  const { clientId } = token;
  if (clientId === undefined) throw new Error('a token is issued without a client');
  if (token.kind === 'ClientCredentials') return { ...(await claims.forPartner(clientId)) };
  const { accountId, grantId } = token;
  if (accountId === undefined || grantId === undefined) {
    throw new Error('a token is issued without a person');
  }
  const note = notes.of(ctx);
  const hasFamily = ctx.oidc.client?.grantTypeAllowed('refresh_token') === true;
  if (hasFamily) note.familyId ??= ids.next();
  const deviceId = note.deviceId ?? (await devices.of(grantId));
  const sessionId = hasFamily ? note.familyId : token.sessionUid;
  return { ...(await claims.forStaff({ staffId: accountId, clientId, deviceId, sessionId })) };
}

/** The models are the provider's; two of their methods read and write in two steps. */
function takeOverTokens(provider: Provider, { records, tokens, notes, ids }: ProviderDeps): void {
  // Threat: two requests with one proof or assertion at the same moment both find it unused.
  Object.assign(provider.ReplayDetection, {
    unique: (issuer: string, tokenId: string, expiresAtS: number) =>
      records.claimOnce('ReplayDetection', JSON.stringify([issuer, tokenId]), expiresAtS),
  });
  Object.assign(provider.RefreshToken.prototype, {
    generateTokenId: () => {
      const note = notes.of(Provider.ctx);
      note.familyId ??= ids.next();
      return tokens.mint(note.familyId);
    },
  });
}

/** A code that another request used in this very moment is a used code, not a fault. */
function consumeOnce(adapter: ReturnType<ProviderRecords['adapter']>) {
  return {
    ...adapter,
    async consume(id: string) {
      try {
        await adapter.consume(id);
      } catch (error) {
        if (!(error instanceof AlreadyConsumed)) throw error;
        throw new errors.InvalidGrant('already consumed');
      }
    },
  };
}

const signedInAt = z.object({ authTime: z.int().optional() });

/** A code that a person approved before their password was changed is nobody's. */
async function findAccount({ passwordAge }: ProviderDeps, sub: string, grant: object | undefined) {
  const account = await passwordAge(sub);
  if (account === undefined) return undefined;
  const { authTime } = signedInAt.parse(grant ?? {});
  if (grant !== undefined && isOutdated(account, authTime)) return undefined;
  return { accountId: sub, claims: () => ({ sub }) };
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function checkRequest(ctx: KoaContextWithOIDC, deviceId: string | undefined): void {
  if (deviceId !== undefined && !uuidV7.test(deviceId)) {
    throw new errors.InvalidRequest('device_id is not the id of a device');
  }
  const { params } = ctx.oidc;
  if (params === undefined) return;
  // Without a scope nothing could be granted, and a person would be asked for nothing.
  params['scope'] ??= 'openid';
  requireKnownScope(String(params['scope']));
}

/** A public client proves nothing but its name: a token is revoked by the client it was made for. */
function revokesOwn(
  _ctx: KoaContextWithOIDC,
  client: { clientId: string },
  token: { clientId?: string | undefined },
): boolean {
  return client.clientId === token.clientId;
}
