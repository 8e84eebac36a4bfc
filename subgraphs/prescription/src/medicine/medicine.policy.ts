import { requires } from '@caregraph/access';

const readsMedicines = requires('medicine:read');

export const medicinePolicies = {
  'Query.medicine': readsMedicines,
  'Query.medicines': readsMedicines,
  'Query.formularyEntry': readsMedicines,
  'Medicine.__resolveReference': readsMedicines,
  'FormularyEntry.__resolveReference': readsMedicines,
  'Institution.__resolveReference': readsMedicines,
};
