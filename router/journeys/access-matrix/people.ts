import {
  accessTokenClaims,
  actorFromClaims,
  purposesOf,
  roles,
  type Actor,
  type Role,
} from '@caregraph/access';
import type { JourneyStack } from '../test-stack.ts';

/** Somebody who holds one role, in the tenant that the records belong to or in another one. */
export interface Person {
  readonly name: string;
  readonly role: Role;
  readonly tenant: 'own' | 'foreign';
  readonly token: string;
  readonly actor: Actor;
}

/**
 * One person a role and tenant, who differ in nothing else, and one whose token's scope allows
 * nothing: the deny of what every role may.
 */
export async function everyPerson(stack: JourneyStack): Promise<readonly Person[]> {
  const { institutionId } = stack.actor('hospital-clinician-1');
  const own = { institutionId, areaRoots: [stack.district.territory.district.id] };
  const person = async (role: Role, tenant: Person['tenant'], scope?: string): Promise<Person> => {
    const foreign = { institutionId: stack.newId(), areaRoots: [stack.newId()] };
    const token = await stack.deployment.tokens.issue({
      id: stack.newId(),
      roles: [role],
      purposes: purposesOf[role],
      ...(tenant === 'own' ? own : foreign),
      ...(scope === undefined ? {} : { scope }),
    });
    const name = scope === undefined ? `${role} (${tenant})` : `${role} without scope`;
    return { name, role, tenant, token, actor: actorOf(token) };
  };
  return Promise.all([
    ...roles.map((role) => person(role, 'own')),
    ...roles.map((role) => person(role, 'foreign')),
    person('clinician', 'own', 'nothing:at-all'),
  ]);
}

/** The stack signed it, so its claims are what they say. */
function actorOf(token: string): Actor {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return actorFromClaims(accessTokenClaims.parse(JSON.parse(payload)));
}
