import { requires } from '@caregraph/access';

export const householdPolicies = {
  'Query.household': requires('patient:read'),
  'Query.households': requires('patient:read'),
  'Household.__resolveReference': requires('patient:read'),
};
