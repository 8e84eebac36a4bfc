import type { QueryResolvers } from '../../generated/resolvers.ts';
import { readQuestion } from './patient-search.input.ts';
import { searchPatients } from './patient-search.service.ts';

const Query: QueryResolvers = {
  searchPatients: (_parent, asked, { stores }) =>
    searchPatients(readQuestion(asked), {
      search: stores.patientSearch,
      namedBy: stores.identifier.patientsNamedBy,
    }),
};

export const patientSearchResolvers = { Query };
