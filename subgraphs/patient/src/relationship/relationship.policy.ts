import { requires } from '@caregraph/access';

export const relationshipPolicies = {
  'Relationship.__resolveReference': requires('patient:read'),
};
