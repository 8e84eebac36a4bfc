import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { partnerOperations } from './partner.operation.ts';
import { partnerResolvers } from './partner.resolver.ts';

export const partnerConcept: Concept<InstitutionContext, StoreTx> = {
  name: 'partner',
  sdl: new URL('./partner.graphql', import.meta.url),
  resolvers: partnerResolvers,
  operations: partnerOperations,
};
