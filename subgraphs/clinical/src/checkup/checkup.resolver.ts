import { translate } from '@caregraph/guideline';
import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { codingOf } from '../coding.ts';
import { dangerSignsOf } from './checkup.danger-sign.ts';

const stub = (id: string | null) => (id === null ? null : { id });

export const checkupResolvers: Resolvers = {
  Query: {
    checkup: (_root, { id }, { stores }) => stores.checkup.find(id),
    async checkups(_root, { first, after = null, ...filter }, { stores }) {
      const page = pageRequest('Query.checkups', { first, after }, filter);
      return toConnection(await stores.checkup.list(filter, page), page, (row) => [row.id]);
    },
  },
  Patient: {
    checkups: ({ id }, { visitType, ...page }, { stores }) =>
      stores.checkup.ofPatient(id, page, visitType ?? null),
    async latestCheckup({ id }, _args, { stores }) {
      const page = await stores.checkup.ofPatient(id, { first: 1 });
      return page?.edges[0]?.node ?? null;
    },
  },
  Checkup: {
    __resolveReference: ({ id }, { stores }) => stores.checkup.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    vitals: (checkup) => checkup,
    dangerSigns: (checkup) => dangerSignsOf(checkup),
    diagnoses: ({ id }, _args, { stores }) => stores.checkup.diagnosesOf(id),
    pregnancy: ({ pregnancyId }, _args, { stores }) =>
      pregnancyId === null ? null : stores.pregnancy.find(pregnancyId),
    recordedBy: ({ authorId }) => ({ id: authorId }),
    attendedBy: ({ attendedById }) => stub(attendedById),
    institution: ({ institutionId }) => ({ id: institutionId }),
    amends: ({ amendsId }, _args, { stores }) =>
      amendsId === null ? null : stores.checkup.find(amendsId),
    amendedBy: async ({ id }, _args, { stores }) =>
      (await stores.checkup.amendmentsOf(id)).at(-1) ?? null,
    amendments: ({ id }, _args, { stores }) => stores.checkup.amendmentsOf(id),
  },
  CheckupDangerSign: { title: (sign, { language }) => translate(sign, language) },
  CheckupDisease: {
    disease: ({ diseaseCode }, _args, { stores }) =>
      diseaseCode === null ? null : stores.disease.find(diseaseCode),
    coding: codingOf,
  },
  RecordCheckupReceipt: {
    checkup: (receipt, _args, { stores }) => writtenRecord(receipt, stores.checkup.find),
  },
  AmendCheckupReceipt: {
    checkup: (receipt, _args, { stores }) => writtenRecord(receipt, stores.checkup.find),
  },
};
