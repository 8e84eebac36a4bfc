import { requires } from '@caregraph/access';

export const devicePolicies = {
  'Query.device': requires('device:read'),
  'Device.__resolveReference': requires('device:read'),
};
