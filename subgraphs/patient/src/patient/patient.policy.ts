import { requires } from '@caregraph/access';

export const patientPolicies = {
  'Query.patient': requires('patient:read'),
  'Query.patients': requires('patient:read'),
  'Patient.__resolveReference': requires('patient:read'),
};
