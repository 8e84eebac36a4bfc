import { writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { codingOf } from '../coding-input.ts';

export const allergyResolvers: Resolvers = {
  Query: {
    allergy: (_root, { id }, { stores }) => stores.allergy.find(id),
  },
  Allergy: {
    __resolveReference: ({ id }, { stores }) => stores.allergy.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    substance: (allergy) => allergy,
    recordedBy: ({ authorId }) => ({ id: authorId }),
    refutedBy: ({ refutedById }) => (refutedById === null ? null : { id: refutedById }),
  },
  AllergySubstance: {
    medicine: ({ medicineCode }, _args, { stores }) =>
      medicineCode === null ? null : stores.medicine.known(medicineCode),
    group: ({ groupCode }) => groupCode,
    originalCoding: (allergy) => codingOf(allergy),
  },
  Patient: {
    async allergies({ id }, { state }, { stores }) {
      if (!(await stores.patient.sees(id))) return null;
      return stores.allergy.ofPatient(id, state);
    },
  },
  RecordAllergyReceipt: {
    allergy: (receipt, _args, { stores }) => writtenRecord(receipt, stores.allergy.find),
  },
  RefuteAllergyReceipt: {
    allergy: (receipt, _args, { stores }) => writtenRecord(receipt, stores.allergy.find),
  },
};
