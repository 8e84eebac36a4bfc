import type { Permission } from '@caregraph/access';

const demands: Readonly<Record<string, Permission>> = {
  Patient: 'patient:read',
  Identifier: 'patient:read',
  Area: 'institution:read',
  Institution: 'institution:read',
  Staff: 'staff:read',
  Checkup: 'clinical:read',
  Vitals: 'clinical:read',
  Prescription: 'prescription:read',
  PrescriptionItem: 'prescription:read',
};

/** The fixture graph with a requirement on every type, as the real graph has them. */
export function protect(sdl: string): string {
  const named = sdl.replace(
    'import: ["@key"]',
    'import: ["@key", "@authenticated", "@requiresScopes"]',
  );
  // What is protected is nullable all the way, and keys stay: the composition demands both.
  const open = named
    .replace('patients(first: Int! = 50): [Patient!]!', 'patients(first: Int! = 50): [Patient!]')
    .replaceAll(/type Query \{/g, 'type Query @authenticated {');
  return open.replaceAll(/type (\w+)( @key\([^)]*\))? \{/g, (text, name: string, key = '') => {
    const scope = demands[name];
    return scope === undefined
      ? text
      : `type ${name}${key} @requiresScopes(scopes: [["${scope}"]]) {`;
  });
}
