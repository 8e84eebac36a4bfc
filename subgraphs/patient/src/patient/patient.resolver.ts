import { pageRequest, writtenRecord, type Receipt } from '@caregraph/subgraph';
import type { PatientResolvers, QueryResolvers } from '../../generated/resolvers.ts';
import type { PatientContext } from '../context.ts';

const Query: QueryResolvers = {
  patient: (_parent, { id }, { stores }) => stores.patient.find(id),
  patients: (_parent, { first, after, ...filter }, { stores }) =>
    stores.patient.page(
      filter,
      pageRequest('Query.patients', { first, after: after ?? null }, filter, ['uuid']),
    ),
};

const Patient: PatientResolvers = {
  __resolveReference: ({ id }, { stores }) => stores.patient.find(id),
  area: ({ areaId }) => ({ id: areaId }),
  institution: ({ institutionId }) => ({ id: institutionId }),
  registeredBy: ({ authorId }) => ({ id: authorId }),
  mergedInto: ({ mergedIntoId }, _args, { stores }) =>
    mergedIntoId === null ? null : stores.patient.find(mergedIntoId),
};

/** The receipts of all operations that write a patient show them as they are now. */
const written = {
  patient: (receipt: Receipt, _args: object, { stores }: PatientContext) =>
    writtenRecord(receipt, stores.patient.find),
};

export const patientResolvers = {
  Query,
  Patient,
  RegisterPatientReceipt: written,
  UpdatePatientReceipt: written,
  MovePatientReceipt: written,
  RecordDeathReceipt: written,
  ChangePatientStatusReceipt: written,
};
