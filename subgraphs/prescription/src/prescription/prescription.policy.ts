import { readsPrescriptions } from '../patient/index.ts';

export const prescriptionPolicies = {
  'Query.prescription': readsPrescriptions,
  'Query.prescriptions': readsPrescriptions,
  'Prescription.__resolveReference': readsPrescriptions,
};
