import { readsPrescriptions } from '../patient/index.ts';

export const allergyPolicies = {
  'Query.allergy': readsPrescriptions,
  'Allergy.__resolveReference': readsPrescriptions,
};
