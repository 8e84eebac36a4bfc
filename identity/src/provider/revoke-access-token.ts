import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { z } from 'zod';
import type { Revocations } from '../revocation/revocations.ts';
import { routeOf } from './browser-pages.ts';

const answered = z.object({ error: z.literal('unsupported_token_type') });
const ours = z.object({ jti: z.string().min(1), client_id: z.string() });

/**
 * RFC 7009 for access tokens. The provider keeps no JWT and says that it cannot revoke one; ours are
 * void as soon as verifiers were told, so its answer is replaced once it has authenticated the
 * client. A token that is not ours, or another client's, changes nothing and is answered alike
 * (§2.2).
 */
export function registerAccessTokenRevocation(
  provider: Provider,
  deps: {
    readonly keys: JWTVerifyGetKey;
    readonly issuer: string;
    readonly audience: string;
    readonly revocations: Pick<Revocations, 'revoke'>;
  },
): void {
  const { keys, issuer, audience, revocations } = deps;
  provider.use(async (ctx, next) => {
    await next();
    if (routeOf(ctx) !== 'revocation' || !answered.safeParse(ctx.body).success) return;
    // The provider's middleware has put its own context there by now.
    const { oidc } = ctx as unknown as KoaContextWithOIDC;
    const { client, params } = oidc;
    const token = params?.['token'];
    if (client === undefined || typeof token !== 'string') return;
    const verified = await jwtVerify(token, keys, {
      ...{ issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] },
    }).catch(() => undefined);
    const claims = ours.safeParse(verified?.payload);
    if (claims.success && claims.data.client_id === client.clientId) {
      await revocations.revoke('token', claims.data.jti, 'revoked by its client');
    }
    ctx.status = 200;
    ctx.body = '';
  });
}
