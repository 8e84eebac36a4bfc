import { writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

export const dispensingResolvers: Resolvers = {
  Query: {
    dispensing: (_root, { id }, { stores }) => stores.dispensing.find(id),
  },
  Dispensing: {
    __resolveReference: ({ id }, { stores }) => stores.dispensing.find(id),
    prescription: ({ prescriptionId }, _args, { stores }) =>
      stores.prescription.find(prescriptionId),
    batch: ({ batchId }, _args, { stores }) => stores.stock.find(batchId),
    batchNumber: ({ batch }) => batch.batchNumber,
    handedOutBy: ({ authorId }) => ({ id: authorId }),
    institution: ({ institutionId }) => ({ id: institutionId }),
    handedOutAt: ({ recordedAt }) => recordedAt.toISOString(),
  },
  Prescription: {
    dispensings: ({ id }, _args, { stores }) => stores.dispensing.ofPrescription(id),
  },
  DispensePrescriptionReceipt: {
    dispensing: (receipt, _args, { stores }) => writtenRecord(receipt, stores.dispensing.find),
  },
};
