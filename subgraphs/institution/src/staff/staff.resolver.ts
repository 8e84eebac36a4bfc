import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

export const staffResolvers: Resolvers = {
  Query: {
    me: (_root, _args, { actor, stores }) => stores.staff.find(actor.id),
    staffMember: (_root, { id }, { stores }) => stores.staff.find(id),
    async staff(_root, { institutionId, ...args }, { stores }) {
      const page = pageRequest('Query.staff', args, institutionId, ['text', 'uuid']);
      const staff = await stores.staff.ofInstitution(institutionId, page);
      return toConnection(staff, page, (one) => [one.name, one.id]);
    },
  },
  Staff: {
    __resolveReference: ({ id }, { stores }) => stores.staff.find(id),
    institution: (staff, _args, { stores }) => stores.institution.known(staff.institutionId),
    areas: (staff, _args, { stores }) =>
      stores.area.loadAll(staff.areas.map(({ areaId }) => areaId)),
  },
  RegisterStaffReceipt: {
    staff: (receipt, _args, { stores }) => writtenRecord(receipt, stores.staff.find),
  },
  UpdateStaffReceipt: {
    staff: (receipt, _args, { stores }) => writtenRecord(receipt, stores.staff.find),
  },
  DismissStaffReceipt: {
    staff: (receipt, _args, { stores }) => writtenRecord(receipt, stores.staff.find),
  },
};
