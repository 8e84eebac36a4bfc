import {
  findVaccine,
  immunizationSchedule,
  immunizationSchedules,
  translate,
  vaccines,
} from '@caregraph/guideline';
import { writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { codingOf } from '../coding.ts';

function scheduleOf(code: string | null | undefined) {
  if (code == null) return immunizationSchedule();
  return immunizationSchedules.entries.find((schedule) => schedule.code === code) ?? null;
}

export const immunizationResolvers: Resolvers = {
  Query: {
    immunization: (_root, { id }, { stores }) => stores.immunization.find(id),
    vaccines: () => vaccines.entries,
    immunizationSchedule: (_root, { code }) => scheduleOf(code),
  },
  Patient: {
    immunizations: ({ id }, page, { stores }) => stores.immunization.ofPatient(id, page),
  },
  Immunization: {
    __resolveReference: ({ id }, { stores }) => stores.immunization.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    vaccine: ({ vaccineCode }) =>
      vaccineCode === null ? null : (findVaccine(vaccineCode) ?? null),
    coding: codingOf,
    givenOn: ({ notGivenReason, occurredOn }) => (notGivenReason === null ? occurredOn : null),
    institution: ({ institutionId }) => ({ id: institutionId }),
    recordedBy: ({ authorId }) => ({ id: authorId }),
    givenBy: ({ givenById }) => (givenById === null ? null : { id: givenById }),
    amends: ({ amendsId }, _args, { stores }) =>
      amendsId === null ? null : stores.immunization.find(amendsId),
  },
  Vaccine: { title: (vaccine, { language }) => translate(vaccine, language) },
  ImmunizationSchedule: {
    title: (schedule, { language }) => translate(schedule, language),
    version: () => immunizationSchedules.version,
  },
  ScheduledDose: {
    vaccine: ({ vaccine }) => findVaccine(vaccine) ?? null,
    after: ({ after }) => after ?? [],
    booster: ({ booster }) => booster ?? false,
  },
  RecordImmunizationReceipt: {
    immunization: (receipt, _args, { stores }) => writtenRecord(receipt, stores.immunization.find),
  },
  AmendImmunizationReceipt: {
    immunization: (receipt, _args, { stores }) => writtenRecord(receipt, stores.immunization.find),
  },
};
