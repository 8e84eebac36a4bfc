import { readsPrescriptions } from '../patient/index.ts';

export const dispensingPolicies = {
  'Query.dispensing': readsPrescriptions,
  'Dispensing.__resolveReference': readsPrescriptions,
};
