import type { Actor } from './actor.ts';

type Holds = (actor: Actor) => boolean;

const oneOf =
  (...roles: Actor['roles']): Holds =>
  (actor) =>
    actor.roles.some((role) => roles.includes(role));

/**
 * The policies that `@policy` names in the schema: rules about claims that a permission does not
 * say. Which rows an actor reaches is never their matter.
 */
export const namedPolicies = {
  /**
   * Threat: a clinician, who may ask who opened a patient's record, follows a colleague's whole
   * day. Defence: only who audits an institution sees what its staff did, beyond patients in scope.
   */
  'audits-institution': oneOf('auditor', 'institution_admin'),
} as const satisfies Readonly<Record<string, Holds>>;

export type NamedPolicy = keyof typeof namedPolicies;
