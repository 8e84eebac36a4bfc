import { civilDateIn, translate } from '@caregraph/guideline';
import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { PregnancyRiskFlag, Resolvers } from '../../generated/resolvers.ts';
import type { ClinicalContext } from '../context.ts';
import { civilDay } from '../stored-day.ts';
import { ancVisitLines, type AncVisitLine } from './anc-visit.ts';
import { datedLmp, gestationOf } from './pregnancy.service.ts';
import type { PregnancyRecord } from './pregnancy.store.ts';

async function ancVisitsOf(
  pregnancy: PregnancyRecord,
  { stores, today, timeZone }: ClinicalContext,
): Promise<AncVisitLine[]> {
  const visits = await stores.checkup.maternityVisitsOf(pregnancy.patientId);
  const antenatal = visits.filter(({ visitType }) => visitType === 'ANC');
  return ancVisitLines({
    lmp: datedLmp(pregnancy),
    endedOn: pregnancy.outcomeOn ? civilDay(pregnancy.outcomeOn) : undefined,
    checkups: antenatal.map(({ id, occurredAt }) => ({
      id,
      on: civilDateIn(occurredAt, timeZone),
    })),
    today,
  });
}

export const pregnancyResolvers: Resolvers = {
  Query: {
    pregnancy: (_root, { id }, { stores }) => stores.pregnancy.find(id),
    async pregnancies(_root, { first, after = null, ...filter }, { stores }) {
      const page = pageRequest('Query.pregnancies', { first, after }, filter);
      return toConnection(await stores.pregnancy.list(filter, page), page, (row) => [row.id]);
    },
  },
  Patient: {
    pregnancies: ({ id }, page, { stores }) => stores.pregnancy.ofPatient(id, page),
    currentPregnancy: ({ id }, _args, { stores }) => stores.pregnancy.currentOf(id),
  },
  Pregnancy: {
    __resolveReference: ({ id }, { stores }) => stores.pregnancy.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    registeredBy: ({ authorId }) => ({ id: authorId }),
    async riskFlags({ id }, _args, { stores }) {
      const flags = await stores.pregnancy.riskFlagsOf(id);
      // Only values of the enum get past GraphQL into the rows.
      return flags.map(({ code }) => code as PregnancyRiskFlag);
    },
    gestationalAge: (pregnancy, _args, { today }) => gestationOf(pregnancy, today) ?? null,
    ancVisits: (pregnancy, _args, ctx) => ancVisitsOf(pregnancy, ctx),
  },
  AncVisit: {
    number: ({ contact }) => contact.number,
    title: ({ contact }, { language }) => translate(contact, language),
    checkup: ({ checkupId }, _args, { stores }) =>
      checkupId === null ? null : stores.checkup.find(checkupId),
  },
  RegisterPregnancyReceipt: {
    pregnancy: (receipt, _args, { stores }) => writtenRecord(receipt, stores.pregnancy.find),
  },
  UpdatePregnancyReceipt: {
    pregnancy: (receipt, _args, { stores }) => writtenRecord(receipt, stores.pregnancy.find),
  },
  RecordPregnancyOutcomeReceipt: {
    pregnancy: (receipt, _args, { stores }) => writtenRecord(receipt, stores.pregnancy.find),
  },
};
