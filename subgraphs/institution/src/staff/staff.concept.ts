import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { staffOperations } from './staff.operation.ts';
import { staffResolvers } from './staff.resolver.ts';

export const staffConcept: Concept<InstitutionContext, StoreTx> = {
  name: 'staff',
  sdl: new URL('./staff.graphql', import.meta.url),
  resolvers: staffResolvers,
  operations: staffOperations,
};
