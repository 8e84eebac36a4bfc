import { writtenRecord, type Receipt } from '@caregraph/subgraph';
import type {
  IdentifierResolvers,
  PatientResolvers,
  QueryResolvers,
} from '../../generated/resolvers.ts';
import type { PatientContext } from '../context.ts';

const Query: QueryResolvers = {
  async patientByIdentifier(_parent, { type, value, system }, { stores }) {
    const id = await stores.identifier.patientNamedBy(type, value, system ?? undefined);
    return id === undefined ? null : stores.patient.find(id);
  },
};

const Patient: PatientResolvers = {
  identifiers: (patient, _args, { stores }) => stores.identifier.ofPatient(patient.id),
};

const Identifier: IdentifierResolvers = {
  __resolveReference: ({ id }, { stores }) => stores.identifier.find(id),
  patient: ({ patientId }, _args, { stores }) => stores.patient.find(patientId),
};

const written = {
  identifier: (receipt: Receipt, _args: object, { stores }: PatientContext) =>
    writtenRecord(receipt, stores.identifier.find),
};

export const identifierResolvers = {
  Query,
  Patient,
  Identifier,
  AddIdentifierReceipt: written,
  RetireIdentifierReceipt: written,
};
