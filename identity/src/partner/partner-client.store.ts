import { z } from 'zod';
import type { ClientMetadata } from 'oidc-provider';
import type { Clock } from '@caregraph/clock';
import { isFault } from '@caregraph/fault';
import type { PartnerProjection } from '../../generated/prisma/client.ts';
import { askChecked, type AskInstitution } from '../staff/institution-question.ts';
import type { IdentityClient } from '../store/client.ts';

/** What a token says of a partner. */
export interface PartnerFacts {
  readonly institutionId: string;
  readonly areaRoots: readonly string[];
}

export interface PartnerClients {
  /** The client's metadata for the provider; undefined for unknown and suspended partners. */
  find(partnerId: string): Promise<ClientMetadata | undefined>;
  /** @throws Fault SUBGRAPH_UNAVAILABLE */
  factsOf(partnerId: string): Promise<PartnerFacts | undefined>;
}

const freshForMs = 30_000;
const usableForMs = 15 * 60_000;
/** How partners prove themselves; there are no shared secrets. */
export const authMethod = z.enum([
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
]);
const uuid = z.uuid();
/** As they were checked when they were registered. */
export const storedKeys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

const question = `query PartnerOfToken($id: UUID!) {
  partner(id: $id) { id state version institution { id area { id } } }
}`;

const answer = z.object({
  partner: z.nullable(
    z.object({
      state: z.enum(['ACTIVE', 'SUSPENDED']),
      version: z.int(),
      institution: z.object({ id: z.uuid(), area: z.object({ id: z.uuid() }) }),
    }),
  ),
});

interface Deps {
  readonly store: IdentityClient;
  readonly ask: AskInstitution;
  readonly clock: Clock;
}

/** Partners' systems as OAuth clients: their keys are here, their standing is the institution's. */
export function createPartnerClients(deps: Deps): PartnerClients {
  async function factsOf(partnerId: string): Promise<PartnerFacts | undefined> {
    const row = await recent(deps, partnerId);
    if (row?.state !== 'ACTIVE' || row.institutionId === null) return undefined;
    return { institutionId: row.institutionId, areaRoots: row.areaRoots };
  }
  return {
    factsOf,
    async find(partnerId) {
      if (!uuid.safeParse(partnerId).success) return undefined;
      const client = await deps.store.partnerClient.findUnique({ where: { partnerId } });
      if (client === null || (await factsOf(partnerId)) === undefined) return undefined;
      return {
        client_id: partnerId,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: authMethod.parse(client.authMethod),
        jwks: storedKeys.parse(client.jwks),
        ...(client.certificateSubject === null
          ? {}
          : { tls_client_auth_subject_dn: client.certificateSubject }),
        tls_client_certificate_bound_access_tokens: client.certificateBound,
        scope: client.scope,
      };
    },
  };
}

async function recent(deps: Deps, partnerId: string): Promise<PartnerProjection | undefined> {
  const { store, clock } = deps;
  const read = () => store.partnerProjection.findUnique({ where: { partnerId } });
  const known = await read();
  const ageMs = known ? clock.now().getTime() - known.askedAt.getTime() : Infinity;
  if (known && ageMs < freshForMs) return known;
  try {
    await askAndKeep(deps, partnerId);
  } catch (error) {
    if (ageMs >= usableForMs || !isFault(error)) throw error;
  }
  return (await read()) ?? undefined;
}

async function askAndKeep({ store, ask, clock }: Deps, partnerId: string): Promise<void> {
  const askedAt = clock.now();
  const { partner } = await askChecked(ask, question, { id: partnerId }, answer);
  if (partner === null) {
    await store.partnerProjection.deleteMany({ where: { partnerId } });
    return;
  }
  const { state, version, institution } = partner;
  await store.$executeRaw`
    INSERT INTO partner_projection
      (partner_id, state, institution_id, area_roots, version, asked_at)
    VALUES (${partnerId}::uuid, ${state}, ${institution.id}::uuid,
            ${[institution.area.id]}::uuid[], ${version}, ${askedAt})
    ON CONFLICT (partner_id) DO UPDATE SET
      state = EXCLUDED.state, institution_id = EXCLUDED.institution_id,
      area_roots = EXCLUDED.area_roots, version = EXCLUDED.version, asked_at = EXCLUDED.asked_at
    WHERE partner_projection.version <= EXCLUDED.version`;
}
