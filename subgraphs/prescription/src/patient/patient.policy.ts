import { requires } from '@caregraph/access';

/** Reading what this subgraph keeps about a patient, whatever the way to the field was. */
export const readsPrescriptions = requires('prescription:read');

export const patientPolicies = {
  'Patient.__resolveReference': readsPrescriptions,
  'Checkup.__resolveReference': readsPrescriptions,
};
