import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

export const partnerResolvers: Resolvers = {
  Query: {
    partner: (_root, { id }, { stores }) => stores.partner.find(id),
    async partners(_root, args, { stores }) {
      const page = pageRequest('Query.partners', args, undefined, ['text', 'uuid']);
      return toConnection(await stores.partner.list(page), page, (one) => [one.name, one.id]);
    },
  },
  Partner: {
    __resolveReference: ({ id }, { stores }) => stores.partner.find(id),
    institution: (partner, _args, { stores }) => stores.institution.known(partner.institutionId),
  },
  RegisterPartnerReceipt: {
    partner: (receipt, _args, { stores }) => writtenRecord(receipt, stores.partner.find),
  },
  ChangePartnerStateReceipt: {
    partner: (receipt, _args, { stores }) => writtenRecord(receipt, stores.partner.find),
  },
};
