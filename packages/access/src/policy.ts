import { Fault } from '@caregraph/fault';
import type { Actor } from './actor.ts';
import type { Permission } from './permission.ts';

/** A rule about the actor alone. Which rows it reaches is the store's matter. */
export interface Policy {
  readonly name: string;
  permits(actor: Actor): boolean;
}

/**
 * A policy that asks for one permission.
 *
 * @example const policies = { 'Query.patient': requires('patient:read') };
 */
export function requires(permission: Permission): Policy {
  return { name: permission, permits: (actor) => actor.permissions.has(permission) };
}

/** A policy that every authenticated actor meets, for facts that are nobody's secret. */
export const authenticated: Policy = { name: 'authenticated', permits: () => true };

/**
 * Refuses an actor that a policy does not permit.
 *
 * @throws Fault FORBIDDEN naming the policy
 */
export function enforce(policy: Policy, actor: Actor): void {
  if (!policy.permits(actor)) throw new Fault('FORBIDDEN', { policy: policy.name });
}
