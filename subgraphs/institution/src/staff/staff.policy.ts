import { requires } from '@caregraph/access';

export const staffPolicies = {
  'Query.me': requires('staff:read'),
  'Query.staffMember': requires('staff:read'),
  'Query.staff': requires('staff:read'),
  'Staff.__resolveReference': requires('staff:read'),
};
