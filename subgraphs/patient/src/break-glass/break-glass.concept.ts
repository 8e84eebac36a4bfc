import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { breakGlassOperations } from './break-glass.operation.ts';
import { breakGlassResolvers } from './break-glass.resolver.ts';

/** Opening one record outside of the scope, with a reason and for a short time. */
export const breakGlassConcept: Concept<PatientContext, StoreTx> = {
  name: 'break-glass',
  sdl: new URL('./break-glass.graphql', import.meta.url),
  resolvers: breakGlassResolvers,
  operations: breakGlassOperations,
};
