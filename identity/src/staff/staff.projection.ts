import { z } from 'zod';
import type { Role } from '@caregraph/access';
import type { Clock } from '@caregraph/clock';
import { isFault } from '@caregraph/fault';
import type { StaffProjection } from '../../generated/prisma/client.ts';
import type { IdentityClient } from '../store/client.ts';
import { askChecked, type AskInstitution } from './institution-question.ts';

/** What a token says of a staff member. */
export interface StaffFacts {
  readonly staffId: string;
  readonly role: Role;
  readonly institutionId: string;
  readonly areaRoots: readonly string[];
}

export type StaffVerdict =
  { readonly kind: 'known'; readonly facts: StaffFacts } | { readonly kind: 'gone' };

export interface StaffProjections {
  /** @throws Fault SUBGRAPH_UNAVAILABLE when nothing recent enough is known and nobody answers */
  factsOf(staffId: string): Promise<StaffVerdict>;
}

/** A change that no event told of is seen after this long. */
const freshForMs = 30_000;
/** While the institution subgraph is away, people go on working with what was known. */
const usableForMs = 15 * 60_000;

const question = `query StaffOfToken($id: UUID!) {
  staffMember(id: $id) { id role dismissedAt version institution { id } areas { id } }
}`;

const staffRoles = {
  HEALTH_WORKER: 'health_worker',
  CLINICIAN: 'clinician',
  PHARMACIST: 'pharmacist',
  INSTITUTION_ADMIN: 'institution_admin',
  AUDITOR: 'auditor',
  PLATFORM_ADMIN: 'platform_admin',
} as const satisfies Record<string, Role>;

const byId = z.object({ id: z.uuid() });
const answer = z.object({
  staffMember: z.nullable(
    z.object({
      id: z.uuid(),
      role: z.enum(Object.keys(staffRoles) as [keyof typeof staffRoles]),
      dismissedAt: z.nullable(z.string()),
      version: z.int(),
      institution: byId,
      areas: z.array(byId),
    }),
  ),
});

/** Keeps what the institution subgraph says of staff, as long as tokens may rely on it. */
export function createStaffProjections(deps: {
  store: IdentityClient;
  ask: AskInstitution;
  clock: Clock;
}): StaffProjections {
  const { store, clock } = deps;
  const asking = new Map<string, Promise<void>>();

  /** Many sign-ins of one person at once are one question. */
  function renew(staffId: string): Promise<void> {
    const known = asking.get(staffId);
    if (known) return known;
    const asked = askAndKeep(deps, staffId).finally(() => asking.delete(staffId));
    asking.set(staffId, asked);
    return asked;
  }

  const read = (staffId: string) => store.staffProjection.findUnique({ where: { staffId } });
  const ageOf = (row: StaffProjection) => clock.now().getTime() - row.askedAt.getTime();

  return {
    async factsOf(staffId) {
      const known = await read(staffId);
      if (known && (known.dismissed || ageOf(known) < freshForMs)) return verdictOf(known);
      try {
        await renew(staffId);
      } catch (error) {
        const usable = known !== null && ageOf(known) < usableForMs;
        if (!usable || !isFault(error)) throw error;
      }
      const renewed = await read(staffId);
      return renewed ? verdictOf(renewed) : { kind: 'gone' };
    },
  };
}

function verdictOf(row: StaffProjection): StaffVerdict {
  const role = Object.values(staffRoles).find((one) => one === row.role);
  if (row.dismissed || role === undefined || row.institutionId === null) return { kind: 'gone' };
  const { staffId, institutionId, areaRoots } = row;
  return { kind: 'known', facts: { staffId, role, institutionId, areaRoots } };
}

/** An answer that was on its way while an event said something newer changes nothing. */
async function askAndKeep(
  { store, ask, clock }: { store: IdentityClient; ask: AskInstitution; clock: Clock },
  staffId: string,
): Promise<void> {
  const askedAt = clock.now();
  const { staffMember } = await askChecked(ask, question, { id: staffId }, answer);
  if (staffMember === null) {
    await store.staffProjection.updateMany({ where: { staffId }, data: { dismissed: true } });
    return;
  }
  const { role, version, institution, areas, dismissedAt } = staffMember;
  const roots = areas.map((area) => area.id);
  await store.$executeRaw`
    INSERT INTO staff_projection
      (staff_id, role, institution_id, area_roots, dismissed, version, asked_at)
    VALUES (${staffId}::uuid, ${staffRoles[role]}, ${institution.id}::uuid, ${roots}::uuid[],
            ${dismissedAt !== null}, ${version}, ${askedAt})
    ON CONFLICT (staff_id) DO UPDATE SET
      role = EXCLUDED.role, institution_id = EXCLUDED.institution_id,
      area_roots = EXCLUDED.area_roots, dismissed = EXCLUDED.dismissed,
      version = EXCLUDED.version, asked_at = EXCLUDED.asked_at
    WHERE staff_projection.version <= EXCLUDED.version AND NOT staff_projection.dismissed`;
}
