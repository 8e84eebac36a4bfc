import { createLocalJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { permissionMatrix, permissions } from '@caregraph/access';
import type { Clock } from '@caregraph/clock';
import type { ProviderRecords } from '../provider/provider-record.ts';
import type { IdentityClient } from '../store/client.ts';
import { authMethod, storedKeys } from './partner-client.store.ts';

// Ed25519 is the newer name of EdDSA on that curve (RFC 9864).
const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256'];
const longestAssertionS = 300;

const marks = { kid: z.string().min(1).max(200), use: z.literal('sig').optional() };
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** Strict: a private member that came along by mistake is refused before it is stored. */
const publicKey = z.discriminatedUnion('kty', [
  z.strictObject({
    ...marks,
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    alg: z.literal('ES256').optional(),
    x: base64url,
    y: base64url,
    x5c: z.array(z.string()).max(1).optional(),
  }),
  z.strictObject({
    ...marks,
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    alg: z.enum(['EdDSA', 'Ed25519']).optional(),
    x: base64url,
  }),
  z.strictObject({
    ...marks,
    kty: z.literal('RSA'),
    alg: z.literal('PS256').optional(),
    // 2,048 bits are 342 characters.
    n: base64url.min(342),
    e: base64url,
    x5c: z.array(z.string()).max(1).optional(),
  }),
]);

export const partnerKeySet = z.object({ keys: z.array(publicKey).min(1).max(4) });

/** How a partner's system will prove itself, and what its tokens may carry. */
export const partnerRegistration = z.object({
  partnerId: z.uuid(),
  authMethod: authMethod.default('private_key_jwt'),
  jwks: partnerKeySet,
  scope: z.array(z.enum(permissions)).min(1),
  certificateSubject: z.string().min(3).max(400).optional(),
});

export type PartnerRegistration = z.infer<typeof partnerRegistration>;

export interface PartnerKeys {
  /** Registers a partner's system, or replaces what was registered. @throws ZodError */
  register(registration: PartnerRegistration): Promise<void>;
  /**
   * Replaces a partner's keys with those that it sends itself.
   *
   * @param statement a JWT (`iss` and `sub` the partner, `aud` the issuer, `jti`, `iat`, `exp` at
   *   most five minutes later, `jwks` the new set) signed with one of the present keys
   * @returns false when it is refused, for whatever reason
   */
  rotate(partnerId: string, statement: string): Promise<boolean>;
}

const statementShape = z.object({
  sub: z.string(),
  jti: z.string().min(8).max(200),
  iat: z.int(),
  exp: z.int(),
  jwks: partnerKeySet,
});

/** The keys of partners' systems. A token of a partner never has more than partners may have. */
export function createPartnerKeys(deps: {
  store: IdentityClient;
  records: ProviderRecords;
  issuer: string;
  clock: Clock;
}): PartnerKeys {
  const { store, records, issuer, clock } = deps;
  return {
    async register(registration) {
      const { partnerId, jwks, scope, ...rest } = partnerRegistration.parse(registration);
      const beyond = scope.filter((one) => !permissionMatrix.partner.includes(one));
      if (beyond.length > 0) throw new Error(`partners may not have: ${beyond.join(' ')}`);
      const now = clock.now();
      const data = {
        ...{ authMethod: rest.authMethod, jwks, scope: scope.join(' '), updatedAt: now },
        certificateSubject: rest.certificateSubject ?? null,
        certificateBound: rest.authMethod !== 'private_key_jwt',
      };
      await store.partnerClient.upsert({
        where: { partnerId },
        create: { partnerId, ...data, createdAt: now },
        update: data,
      });
    },
    async rotate(partnerId, statement) {
      const client = await store.partnerClient.findUnique({ where: { partnerId } });
      if (client === null) return false;
      const keys = createLocalJWKSet(storedKeys.parse(client.jwks));
      const verified = await jwtVerify(statement, keys, {
        ...{ algorithms, issuer: partnerId, subject: partnerId, audience: issuer },
        currentDate: clock.now(),
        typ: 'partner-keys+jwt',
      }).catch(() => undefined);
      const claims = statementShape.safeParse(verified?.payload);
      if (!claims.success || claims.data.exp - claims.data.iat > longestAssertionS) return false;
      const { jti, exp, jwks } = claims.data;
      if (!(await records.claimOnce('PartnerKeys', `${partnerId} ${jti}`, exp))) return false;
      await store.partnerClient.update({
        where: { partnerId },
        data: { jwks, updatedAt: clock.now() },
      });
      return true;
    },
  };
}
