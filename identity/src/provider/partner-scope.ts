import type {
  AccessToken,
  ClientCredentials,
  JWTStructured,
  KoaContextWithOIDC,
} from 'oidc-provider';

/**
 * Threat: a partner asks for no scope and gets all that the role of partners permits. Defence: a
 * token of a partner always says its scope: what was asked for, or all that this partner may have.
 */
export function partnerScope(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  parts: JWTStructured,
): undefined {
  if (token.kind !== 'ClientCredentials') return;
  const whole = ctx.oidc.client?.scope;
  if (whole === undefined) throw new Error('a partner without a scope gets no token');
  parts.payload['scope'] ??= whole;
}
