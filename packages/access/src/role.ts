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
