import { pageRequest, writtenRecord, type Receipt } from '@caregraph/subgraph';
import type {
  HouseholdResolvers,
  PatientResolvers,
  QueryResolvers,
} from '../../generated/resolvers.ts';
import type { PatientContext } from '../context.ts';

const Query: QueryResolvers = {
  household: (_parent, { id }, { stores }) => stores.household.find(id),
  households: (_parent, { first, after, ...filter }, { stores }) =>
    stores.household.page(
      filter,
      pageRequest('Query.households', { first, after: after ?? null }, filter, ['uuid']),
    ),
};

const Patient: PatientResolvers = {
  household: ({ householdId }, _args, { stores }) =>
    householdId === null ? null : stores.household.find(householdId),
};

const Household: HouseholdResolvers = {
  __resolveReference: ({ id }, { stores }) => stores.household.find(id),
  area: ({ areaId }) => ({ id: areaId }),
  registeredBy: ({ authorId }) => ({ id: authorId }),
  head: ({ headId }, _args, { stores }) => (headId === null ? null : stores.patient.find(headId)),
  members: ({ id }, _args, { stores }) => stores.patient.membersOf(id),
};

const written = {
  household: (receipt: Receipt, _args: object, { stores }: PatientContext) =>
    writtenRecord(receipt, stores.household.find),
};

export const householdResolvers = {
  Query,
  Patient,
  Household,
  RegisterHouseholdReceipt: written,
  UpdateHouseholdReceipt: written,
};
