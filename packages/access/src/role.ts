/** The roles a token may carry, in the order of the permission matrix. */
export const roles = [
  'health_worker',
  'clinician',
  'pharmacist',
  'institution_admin',
  'auditor',
  'partner',
  'platform_admin',
  'importer',
  'identity_service',
] as const;

export type Role = (typeof roles)[number];

/** Why a record is opened; a request states one of those that its token allows. */
export const purposes = [
  'treatment',
  'care_coordination',
  'public_health',
  'administration',
  'audit',
] as const;

export type Purpose = (typeof purposes)[number];

/** The purposes that each role may state, the usual one first. */
export const purposesOf: Readonly<Record<Role, readonly [Purpose, ...Purpose[]]>> = {
  health_worker: ['treatment', 'care_coordination', 'public_health'],
  clinician: ['treatment', 'care_coordination'],
  pharmacist: ['treatment'],
  institution_admin: ['administration'],
  auditor: ['audit'],
  partner: ['care_coordination', 'public_health'],
  platform_admin: ['administration'],
  importer: ['care_coordination', 'administration'],
  identity_service: ['administration'],
};
