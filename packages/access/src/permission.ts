import type { Role } from './role.ts';

/** Everything a token can allow. Whose data it reaches is a matter of scope, not of permission. */
export const permissions = [
  'patient:read',
  'patient:write',
  'clinical:read',
  'clinical:write',
  'prescription:read',
  'prescription:write',
  'prescription:dispense',
  'medicine:read',
  'formulary:write',
  'stock:read',
  'stock:write',
  'institution:read',
  'institution:write',
  'staff:read',
  'staff:write',
  'device:read',
  'device:write',
  'partner:read',
  'partner:manage',
  'audit:read',
  // Opening one record outside the scope, with a reason, for at most an hour.
  'record:break-glass',
  // History of another system under other people's names: never for someone who treats.
  'record:import',
] as const;

export type Permission = (typeof permissions)[number];

const everyone = ['institution:read', 'staff:read', 'medicine:read'] as const;

/** The permission matrix: one row a role. The only place that says what a role may do. */
export const permissionMatrix: Readonly<Record<Role, readonly Permission[]>> = {
  health_worker: [
    ...everyone,
    'patient:read',
    'patient:write',
    'clinical:read',
    'clinical:write',
    'prescription:read',
    'stock:read',
    'device:read',
  ],
  clinician: [
    ...everyone,
    'patient:read',
    'patient:write',
    'clinical:read',
    'clinical:write',
    'prescription:read',
    'prescription:write',
    'stock:read',
    'device:read',
    'audit:read',
    'record:break-glass',
  ],
  pharmacist: [
    ...everyone,
    'patient:read',
    'prescription:read',
    'prescription:dispense',
    'stock:read',
    'stock:write',
    'device:read',
  ],
  institution_admin: [
    ...everyone,
    'institution:write',
    'staff:write',
    'device:read',
    'device:write',
    'formulary:write',
    'stock:read',
    'audit:read',
  ],
  auditor: [...everyone, 'audit:read', 'device:read'],
  partner: [...everyone, 'patient:read', 'clinical:read', 'prescription:read'],
  platform_admin: [
    ...everyone,
    'institution:write',
    'staff:write',
    'device:read',
    'device:write',
    'partner:read',
    'partner:manage',
    'formulary:write',
  ],
  importer: [
    ...everyone,
    'institution:write',
    'staff:write',
    'patient:read',
    'patient:write',
    'clinical:read',
    'clinical:write',
    'prescription:read',
    'prescription:write',
    'record:import',
  ],
  // The provider's own questions about whom it signs in; nobody holds it.
  identity_service: ['institution:read', 'staff:read', 'device:read', 'partner:read'],
};

/** The union of what several roles permit. */
export function permissionsOf(held: readonly Role[]): ReadonlySet<Permission> {
  return new Set(held.flatMap((role) => permissionMatrix[role]));
}
