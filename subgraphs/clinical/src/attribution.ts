import type { Actor } from '@caregraph/access';
import { problem, type Problem } from '@caregraph/subgraph';

/** Where a fact says that it happened, and whose work it says that it was, by input field. */
export interface Attribution {
  readonly institutions?: Readonly<Record<string, string | null | undefined>>;
  readonly staff?: Readonly<Record<string, string | null | undefined>>;
}

/**
 * Threat: a worker records care in the name of a colleague, or of a facility that never gave it.
 * Defence: an actor speaks for themself and for their own institution; only an import, which
 * carries over what another system holds, may name others.
 *
 * @param standing what an amended record names already: an amendment may keep it
 * @returns one REFERENCE_NOT_FOUND a field that names somebody else
 */
export function foreignAttribution(
  actor: Actor,
  { institutions = {}, staff = {} }: Attribution,
  standing: readonly (string | null)[] = [],
): Problem[] {
  if (actor.permissions.has('record:import')) return [];
  const foreign = (stated: NonNullable<Attribution['staff']>, own: string) =>
    Object.entries(stated).flatMap(([field, id]) =>
      id == null || id === own || standing.includes(id)
        ? []
        : [problem('REFERENCE_NOT_FOUND', field)],
    );
  return [...foreign(institutions, actor.institutionId), ...foreign(staff, actor.id)];
}
