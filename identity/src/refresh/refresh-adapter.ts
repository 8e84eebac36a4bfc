import { errors, type Adapter } from 'oidc-provider';
import { z } from 'zod';
import { familyLifetimeOf } from '../provider/clients.ts';
import type { RefreshFamilies } from './refresh-family.store.ts';
import type { RefreshTokens } from './refresh-token.ts';

const signedInAt = z.looseObject({ authTime: z.int() });

/**
 * Shows families of refresh tokens to the provider as its own refresh tokens: its code and device
 * grants start a family, its revocation endpoint and a replayed code end one. Refreshing itself
 * does not pass here.
 */
export function createRefreshAdapter(deps: {
  tokens: RefreshTokens;
  families: RefreshFamilies;
  deviceOf: (grantId: string) => Promise<string | undefined>;
}): Adapter {
  const { tokens, families } = deps;
  return {
    async upsert(token, payload) {
      const id = tokens.familyOf(token);
      const { accountId, clientId, grantId, scope } = payload;
      const { authTime } = signedInAt.parse(payload);
      if (!id || !accountId || !clientId || !grantId) {
        throw new Error('a refresh token is not of the form that starts a family');
      }
      const family = {
        id,
        staffId: accountId,
        clientId,
        grantId,
        deviceId: await deps.deviceOf(grantId),
        scope: scope ?? '',
        jkt: payload.jkt,
        certificate: payload['x5t#S256'],
        lifetime: familyLifetimeOf(clientId),
        signedInAtS: authTime,
      };
      const isOpen = await families.open(family, token);
      if (!isOpen) throw new errors.InvalidGrant('the password was changed meanwhile');
    },
    async find(token) {
      const family = await families.find(token);
      if (family === undefined || family.revokedAt !== null) return undefined;
      // An older token signs out as well: whoever holds it had the session.
      return {
        kind: 'RefreshToken',
        jti: token,
        accountId: family.staffId,
        clientId: family.clientId,
        grantId: family.grantId,
        scope: family.scope,
        iat: Math.floor(family.createdAt.getTime() / 1_000),
        exp: Math.floor(family.expiresAt.getTime() / 1_000),
      };
    },
    async destroy(token) {
      const id = tokens.familyOf(token);
      if (id !== undefined) await families.revoke({ id }, 'signed out');
    },
    revokeByGrantId: (grantId) => families.revoke({ grantId }, 'grant revoked'),
    consume: () => unexpected('consume'),
    findByUid: () => unexpected('findByUid'),
    findByUserCode: () => unexpected('findByUserCode'),
  };
}

function unexpected(name: string): Promise<never> {
  return Promise.reject(new Error(`refresh tokens have no ${name}`));
}
