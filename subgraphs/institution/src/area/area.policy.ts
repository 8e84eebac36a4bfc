import { requires } from '@caregraph/access';

export const areaPolicies = {
  'Query.area': requires('institution:read'),
  'Query.areas': requires('institution:read'),
  'Area.__resolveReference': requires('institution:read'),
};
