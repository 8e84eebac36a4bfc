import type { Role } from '@caregraph/access';

/** What sign-in has to know of a staff member; who they are stays the institution's. */
export interface StaffFacts {
  readonly role: Role | undefined;
  readonly dismissed: boolean;
}

/** Who sees or changes much, and so proves more than a password. */
const guardedRoles: readonly Role[] = [
  'clinician',
  'institution_admin',
  'auditor',
  'platform_admin',
];

/** Tells whether someone gets no session without a second factor. An unknown role needs one. */
export function requiresSecondFactor({ role }: StaffFacts): boolean {
  return role === undefined || guardedRoles.includes(role);
}
