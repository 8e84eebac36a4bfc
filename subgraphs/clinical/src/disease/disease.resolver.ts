import { translate } from '@caregraph/guideline';
import { pageRequest, toConnection } from '@caregraph/subgraph';
import { z } from 'zod';
import type { Resolvers } from '../../generated/resolvers.ts';

const translations = z.record(z.string(), z.string());

export const diseaseResolvers: Resolvers = {
  Query: {
    disease: (_root, { code }, { stores }) => stores.disease.find(code),
    async diseases(_root, { search, language, ...args }, { stores }) {
      const page = pageRequest('Query.diseases', args, { search, language });
      const filter = { text: search ?? null, language: language ?? null };
      return toConnection(await stores.disease.list(filter, page), page, (row) => [row.code]);
    },
  },
  Disease: {
    __resolveReference: ({ code }, { stores }) => stores.disease.find(code),
    title: ({ title, translations: others }, { language }) =>
      translate({ title, translations: translations.parse(others) }, language),
  },
};
