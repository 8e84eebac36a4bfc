import type { Actor } from './actor.ts';
import type { Role } from './role.ts';
import type { BreakGlassGrant } from './break-glass/break-glass-grant.ts';

/**
 * Whose data an actor may see. Stores turn it into their row filter; it comes from the token and
 * never from the arguments of a request.
 */
export interface Scope {
  /** Records of people who live in these area subtrees. */
  readonly areaRoots: readonly string[];
  /** Records of people registered at this institution; undefined for roles that work by area. */
  readonly patientInstitutionId: string | undefined;
  /** The staff member whose own records are visible wherever the person lives now. */
  readonly authorId: string;
  /** The institution whose staff, devices and stock are visible. */
  readonly institutionId: string;
  /** True for operators of the platform: every institution, but no patient. */
  readonly everyInstitution: boolean;
  /** Records opened by break-glass, wherever the person belongs; each is that one and no other. */
  readonly openedPatientIds: readonly string[];
}

/** Operators of the platform, and the provider that signs everyone in: no patient is theirs. */
const worksEverywhere: readonly Role[] = ['platform_admin', 'identity_service'];

/**
 * The scope rules, one line each.
 *
 * @param grant a verified break-glass grant of this actor, when the request carries one
 * @example scopeOf(actor).areaRoots // the roots that a village worker's token carries
 */
export function scopeOf(actor: Actor, grant?: Pick<BreakGlassGrant, 'patientId'>): Scope {
  const platform = actor.roles.some((role) => worksEverywhere.includes(role));
  const worksByArea = actor.roles.every((role) => role === 'health_worker');
  return {
    areaRoots: actor.areaRoots,
    patientInstitutionId: platform || worksByArea ? undefined : actor.institutionId,
    authorId: actor.id,
    institutionId: actor.institutionId,
    everyInstitution: platform,
    openedPatientIds: grant === undefined ? [] : [grant.patientId],
  };
}
