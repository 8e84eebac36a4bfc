import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import type { InstitutionRecord } from './institution.store.ts';

const byName = (institution: InstitutionRecord) => [institution.name, institution.id];
const nameKey = ['text', 'uuid'] as const;

export const institutionResolvers: Resolvers = {
  Query: {
    institution: (_root, { id }, { stores }) => stores.institution.find(id),
    async institutions(_root, { areaId, kind, ...page }, { stores }) {
      const request = pageRequest('Query.institutions', page, { areaId, kind }, nameKey);
      const found = await stores.institution.list({ areaId, kind }, request);
      return toConnection(found, request, byName);
    },
  },
  Institution: {
    __resolveReference: ({ id }, { stores }) => stores.institution.find(id),
    area: (institution, _args, { stores }) => stores.area.known(institution.areaId),
    async staff(institution, args, { stores }) {
      const page = pageRequest('Institution.staff', args, institution.id, nameKey);
      const staff = await stores.staff.ofInstitution(institution.id, page);
      return toConnection(staff, page, (one) => [one.name, one.id]);
    },
    async devices(institution, args, { stores }) {
      const page = pageRequest('Institution.devices', args, institution.id, ['uuid']);
      const devices = await stores.device.ofInstitution(institution.id, page);
      return toConnection(devices, page, (one) => [one.id]);
    },
  },
  RegisterInstitutionReceipt: {
    institution: (receipt, _args, { stores }) => writtenRecord(receipt, stores.institution.find),
  },
  UpdateInstitutionReceipt: {
    institution: (receipt, _args, { stores }) => writtenRecord(receipt, stores.institution.find),
  },
  VerifyInstitutionReceipt: {
    institution: (receipt, _args, { stores }) => writtenRecord(receipt, stores.institution.find),
  },
};
