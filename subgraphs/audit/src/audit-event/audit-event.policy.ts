import { requires, type Policy } from '@caregraph/access';

const reading = requires('audit:read');

/**
 * Threat: a clinician, who may ask who opened a patient's record, follows a colleague's whole day.
 * Defence: only who audits an institution sees what its staff did, beyond patients in scope.
 */
export const auditing: Policy = {
  name: 'audit:read of an institution',
  permits: (actor) =>
    reading.permits(actor) &&
    (actor.roles.includes('auditor') || actor.roles.includes('institution_admin')),
};

export const auditEventPolicies = {
  'Query.auditEvent': reading,
  'Query.auditEvents': auditing,
  'AuditEvent.__resolveReference': reading,
  'Staff.__resolveReference': auditing,
};
