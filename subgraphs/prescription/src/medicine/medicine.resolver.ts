import { z } from 'zod';
import { translate } from '@caregraph/guideline';
import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

const translations = z.record(z.string(), z.string());

export const medicineResolvers: Resolvers = {
  Query: {
    medicine: (_root, { code }, { stores }) => stores.medicine.find(code),
    async medicines(_root, { search, language, institutionId, atcPrefix, ...args }, { stores }) {
      const filter = { search, language, institutionId, atcPrefix };
      const page = pageRequest('Query.medicines', args, filter);
      return toConnection(await stores.medicine.list(filter, page), page, ({ code }) => [code]);
    },
    formularyEntry: (_root, { id }, { stores }) => stores.formulary.find(id),
  },
  Medicine: {
    __resolveReference: ({ code }, { stores }) => stores.medicine.find(code),
    name: (medicine, { language }) =>
      translate(
        { title: medicine.title, translations: translations.parse(medicine.translations) },
        language,
      ),
  },
  FormularyEntry: {
    __resolveReference: ({ id }, { stores }) => stores.formulary.find(id),
    institution: ({ institutionId }) => ({ id: institutionId }),
    medicine: ({ medicineCode }, _args, { stores }) => stores.medicine.known(medicineCode),
  },
  Institution: {
    __resolveReference: ({ id }) => ({ id }),
    async formulary({ id }, { includeInactive, ...args }, { stores }) {
      const page = pageRequest('Institution.formulary', args, [id, includeInactive]);
      const entries = await stores.formulary.ofInstitution(id, page, { includeInactive });
      return toConnection(entries, page, ({ medicineCode }) => [medicineCode]);
    },
  },
  SetFormularyEntryReceipt: {
    formularyEntry: (receipt, _args, { stores }) => writtenRecord(receipt, stores.formulary.find),
  },
};
