import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';
import { permissions, permissionsOf, type Permission } from './permission.ts';
import { purposes, roles, type Purpose, type Role } from './role.ts';

/** Who makes a request, as the verified token tells. */
export interface Actor {
  /** Subject of the token: a staff member's id, or a client's id for a partner system. */
  readonly id: string;
  readonly clientId: string;
  readonly tokenId: string;
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<Permission>;
  readonly institutionId: string;
  /** The roots of the area subtrees that this actor works in. */
  readonly areaRoots: readonly string[];
  readonly deviceId: string | undefined;
  readonly purposes: readonly [Purpose, ...Purpose[]];
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** The sign-in that the token comes from; all its tokens end together. */
  readonly sessionId: string | undefined;
  /** Whether this client may send documents of its own, or only those registered for it. */
  readonly documents: 'free' | 'registered';
  /** What the sender must prove to hold beside the token; undefined for a bearer token. */
  readonly confirmation: Confirmation | undefined;
}

/** The key or certificate that a token is bound to: RFC 9449 §6.1 and RFC 8705 §3.1. */
export interface Confirmation {
  /** SHA-256 thumbprint of the DPoP key (RFC 7638), base64url. */
  readonly jkt?: string;
  /** SHA-256 thumbprint of the client's certificate, base64url. */
  readonly x5tS256?: string;
}

const uuidV7 = z.string().refine(isUuidV7, 'must be a UUIDv7');

/** Ids stand in audit records and headers: visible ASCII only. */
const printable = z.string().regex(/^[\x21-\x7e]{1,200}$/);

/** base64url of 32 bytes. */
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** The claims of an access token: RFC 9068 §2.2 and CareGraph's own. */
export const accessTokenClaims = z.object({
  sub: printable,
  client_id: printable,
  jti: z.string().min(1).max(200),
  exp: z.number().int(),
  iat: z.number().int(),
  roles: z.array(z.enum(roles)).min(1),
  institution: uuidV7,
  areas: z.array(uuidV7).max(200),
  device: uuidV7.optional(),
  purposes: z.tuple([z.enum(purposes)], z.enum(purposes)),
  /** Narrows what the roles permit; left out, the roles alone decide. */
  scope: z.string().max(4_000).optional(),
  sid: z.string().min(1).max(200).optional(),
  /** Left out, the client runs registered documents alone. */
  documents: z.literal('free').optional(),
  // Strict: a way of binding that is not known here must not make the token a bearer token.
  cnf: z
    .strictObject({ jkt: thumbprint.optional(), 'x5t#S256': thumbprint.optional() })
    .refine((bound) => Object.keys(bound).length > 0)
    .optional(),
});

export type AccessTokenClaims = z.infer<typeof accessTokenClaims>;

/** Turns verified claims into an actor. A scope can only narrow what the roles permit. */
export function actorFromClaims(claims: AccessTokenClaims): Actor {
  const byRole = permissionsOf(claims.roles);
  const granted = claims.scope?.split(' ');
  return {
    id: claims.sub,
    clientId: claims.client_id,
    tokenId: claims.jti,
    roles: claims.roles,
    permissions: granted
      ? new Set(permissions.filter((one) => byRole.has(one) && granted.includes(one)))
      : byRole,
    institutionId: claims.institution,
    areaRoots: claims.areas,
    deviceId: claims.device,
    purposes: claims.purposes,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    sessionId: claims.sid,
    documents: claims.documents ?? 'registered',
    confirmation: claims.cnf && confirmationOf(claims.cnf),
  };
}

function confirmationOf(cnf: NonNullable<AccessTokenClaims['cnf']>): Confirmation {
  const { jkt, 'x5t#S256': x5tS256 } = cnf;
  return { ...(jkt === undefined ? {} : { jkt }), ...(x5tS256 === undefined ? {} : { x5tS256 }) };
}
