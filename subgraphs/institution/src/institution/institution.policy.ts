import { requires } from '@caregraph/access';

export const institutionPolicies = {
  'Query.institution': requires('institution:read'),
  'Query.institutions': requires('institution:read'),
  'Institution.__resolveReference': requires('institution:read'),
};
