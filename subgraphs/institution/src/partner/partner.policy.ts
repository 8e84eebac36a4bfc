import { requires } from '@caregraph/access';

export const partnerPolicies = {
  'Query.partner': requires('partner:manage'),
  'Query.partners': requires('partner:manage'),
  'Partner.__resolveReference': requires('partner:manage'),
};
