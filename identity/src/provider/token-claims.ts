import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { purposesOf, type Role } from '@caregraph/access';
import { isFault } from '@caregraph/fault';
import type { PartnerClients } from '../partner/partner-client.store.ts';
import type { StaffProjections } from '../staff/staff.projection.ts';
import { mayWriteDocuments } from './clients.ts';

/** CareGraph's own claims of an access token (packages/access/src/actor.ts reads them). */
export interface OwnClaims extends Record<string, unknown> {
  readonly roles: readonly [Role];
  readonly institution: string;
  readonly areas: readonly string[];
  readonly purposes: readonly string[];
  readonly device?: string;
  readonly sid?: string;
  readonly documents?: 'free';
}

export interface TokenClaims {
  /** @throws OIDCProviderError invalid_grant, temporarily_unavailable */
  forStaff(request: {
    staffId: string;
    clientId: string;
    deviceId: string | undefined;
    sessionId: string | undefined;
  }): Promise<OwnClaims>;
  /** @throws OIDCProviderError invalid_client, temporarily_unavailable */
  forPartner(partnerId: string): Promise<OwnClaims>;
}

/** Says what a token says of its subject, at the moment it is issued. */
export function createTokenClaims(deps: {
  staff: StaffProjections;
  partners: PartnerClients;
}): TokenClaims {
  return {
    async forStaff({ staffId, clientId, deviceId, sessionId }) {
      const verdict = await deps.staff.factsOf(staffId).catch(throwUnavailable);
      if (verdict.kind === 'gone') throw new errors.InvalidGrant('the person has left');
      const { role, institutionId, areaRoots } = verdict.facts;
      return {
        ...claimsOf(role, institutionId, areaRoots),
        ...(deviceId === undefined ? {} : { device: deviceId }),
        ...(sessionId === undefined ? {} : { sid: sessionId }),
        ...(mayWriteDocuments(clientId) ? { documents: 'free' as const } : {}),
      };
    },
    async forPartner(partnerId) {
      const facts = await deps.partners.factsOf(partnerId).catch(throwUnavailable);
      if (facts === undefined) throw new errors.InvalidClient('the partner is not active');
      return claimsOf('partner', facts.institutionId, facts.areaRoots);
    },
  };
}

function claimsOf(role: Role, institution: string, areas: readonly string[]): OwnClaims {
  return { roles: [role], institution, areas, purposes: purposesOf[role] };
}

/** A fault elsewhere is "try again", never "you may not". */
export function throwUnavailable(error: unknown): never {
  if (!isFault(error)) throw error;
  throw unavailable('try again shortly');
}

/** `temporarily_unavailable`, which clients repeat, with the status that says so. */
export function unavailable(description: string): Error {
  const error = new errors.TemporarilyUnavailable(description);
  error.status = 503;
  error.statusCode = 503;
  error.expose = true;
  return error;
}

/** What belongs to one token request and is not in the provider's own context. */
export interface TokenRequestNotes {
  of(ctx: KoaContextWithOIDC | undefined): TokenRequestNote;
}

export interface TokenRequestNote {
  /** Before anything was read for it. */
  startedAt?: Date;
  familyId?: string;
  deviceId?: string | undefined;
}

export function createTokenRequestNotes(): TokenRequestNotes {
  const notes = new WeakMap<object, TokenRequestNote>();
  return {
    of(ctx) {
      if (ctx === undefined) throw new Error('a token is issued outside a request');
      const known = notes.get(ctx);
      if (known) return known;
      const note: TokenRequestNote = {};
      notes.set(ctx, note);
      return note;
    },
  };
}
