import {
  errors,
  type AccessToken,
  type ClientCredentials,
  type JWTStructured,
  type KoaContextWithOIDC,
} from 'oidc-provider';

/**
 * Threat: a partner asks for no scope and gets all that the role of partners permits. Defence: a
 * token of a partner always says its scope: what was asked for, or all that this partner may have.
 * One who asked for nothing that is known, or was registered with nothing, gets no token.
 */
export function partnerScope(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  parts: JWTStructured,
): undefined {
  if (token.kind !== 'ClientCredentials') return;
  const registered = ctx.oidc.client?.scope ?? '';
  const param = ctx.oidc.params?.['scope'];
  const asked = typeof param === 'string' ? param : '';
  const scope = parts.payload['scope'] ?? (asked === '' ? registered : '');
  if (registered === '' || scope === '') throw new errors.InvalidScope('no scope is left', asked);
  parts.payload['scope'] = scope;
}
