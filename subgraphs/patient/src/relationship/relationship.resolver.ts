import { writtenRecord, type Receipt } from '@caregraph/subgraph';
import type { PatientResolvers, RelationshipResolvers } from '../../generated/resolvers.ts';
import type { PatientContext } from '../context.ts';

const Patient: PatientResolvers = {
  relationships: (patient, _args, { stores }) => stores.relationship.ofPatient(patient.id),
};

const Relationship: RelationshipResolvers = {
  __resolveReference: ({ id }, { stores }) => stores.relationship.find(id),
  fromPatient: ({ fromPatientId }, _args, { stores }) => stores.patient.find(fromPatientId),
  toPatient: ({ toPatientId }, _args, { stores }) => stores.patient.find(toPatientId),
};

const written = {
  relationship: (receipt: Receipt, _args: object, { stores }: PatientContext) =>
    writtenRecord(receipt, stores.relationship.find),
};

export const relationshipResolvers = {
  Patient,
  Relationship,
  RelatePatientsReceipt: written,
  EndRelationshipReceipt: written,
};
