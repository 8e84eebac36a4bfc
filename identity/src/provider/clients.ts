import type { ClientMetadata } from 'oidc-provider';
import type { FamilyLifetime } from '../refresh/refresh-family.store.ts';

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';
const dayS = 24 * 3_600;

/** The clients that are CareGraph's own. Partners' are in the store. */
export const clientIds = {
  fieldApp: 'field-app',
  explorer: 'explorer',
  cli: 'caregraph-cli',
} as const;

/** Where the field app gets its code: a private-use scheme (RFC 8252 §7.1). */
const appRedirect = 'org.caregraph.app:/signed-in';

/**
 * @param options.publicUrl where clients reach this deployment, without a slash at the end
 * @param options.extraAppRedirects loopback addresses of tests and simulators
 */
export function ownClients(options: {
  publicUrl: string;
  extraAppRedirects: readonly string[];
}): ClientMetadata[] {
  const everyOne = {
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
  } as const satisfies Partial<ClientMetadata>;
  return [
    {
      ...everyOne,
      client_id: clientIds.fieldApp,
      client_name: 'CareGraph',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', deviceCode],
      response_types: ['code'],
      redirect_uris: [appRedirect, ...options.extraAppRedirects],
      dpop_bound_access_tokens: true,
    },
    {
      ...everyOne,
      client_id: clientIds.explorer,
      client_name: 'CareGraph Explorer',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [`${options.publicUrl}/explorer/`],
      post_logout_redirect_uris: [`${options.publicUrl}/explorer/`],
    },
    {
      ...everyOne,
      client_id: clientIds.cli,
      client_name: 'CareGraph command line',
      application_type: 'native',
      grant_types: [deviceCode, 'refresh_token'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}

/** Clients whose tokens may carry documents of their own; all others run registered ones. */
export function mayWriteDocuments(clientId: string): boolean {
  return clientId === clientIds.explorer || clientId === clientIds.cli;
}

/**
 * How long a sign-in lasts. A tablet may be out of reach for a season: its tokens are bound to a
 * key that does not leave it, so a stolen copy of them is worth nothing.
 */
export function familyLifetimeOf(clientId: string): FamilyLifetime {
  return clientId === clientIds.fieldApp
    ? { absoluteS: 400 * dayS, idleS: 90 * dayS }
    : { absoluteS: 90 * dayS, idleS: 14 * dayS };
}
