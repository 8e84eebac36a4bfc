import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import type { AreaRecord } from './area.store.ts';

const byName = (area: AreaRecord) => [area.name, area.id];
const nameKey = ['text', 'uuid'] as const;

export const areaResolvers: Resolvers = {
  Query: {
    area: (_root, { id }, { stores }) => stores.area.find(id),
    async areas(_root, { parentId, kind, ...page }, { stores }) {
      const request = pageRequest('Query.areas', page, { parentId, kind }, nameKey);
      return toConnection(await stores.area.list({ parentId, kind }, request), request, byName);
    },
  },
  Area: {
    __resolveReference: ({ id }, { stores }) => stores.area.find(id),
    parent: (area, _args, { stores }) =>
      area.parentId === null ? null : stores.area.find(area.parentId),
    ancestors: (area, _args, { stores }) => stores.area.loadAll(area.ancestors.slice(0, -1)),
    async children(area, args, { stores }) {
      const page = pageRequest('Area.children', args, area.id, nameKey);
      return toConnection(await stores.area.children(area.id, page), page, byName);
    },
  },
  RegisterAreaReceipt: {
    area: (receipt, _args, { stores }) => writtenRecord(receipt, stores.area.find),
  },
  UpdateAreaReceipt: {
    area: (receipt, _args, { stores }) => writtenRecord(receipt, stores.area.find),
  },
};
