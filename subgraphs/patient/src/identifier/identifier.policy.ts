import { requires } from '@caregraph/access';

export const identifierPolicies = {
  'Query.patientByIdentifier': requires('patient:read'),
  'Identifier.__resolveReference': requires('patient:read'),
};
