import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { institutionOperations } from './institution.operation.ts';
import { institutionResolvers } from './institution.resolver.ts';

export const institutionConcept: Concept<InstitutionContext, StoreTx> = {
  name: 'institution',
  sdl: new URL('./institution.graphql', import.meta.url),
  resolvers: institutionResolvers,
  operations: institutionOperations,
};
