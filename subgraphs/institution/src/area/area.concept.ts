import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { areaOperations } from './area.operation.ts';
import { areaResolvers } from './area.resolver.ts';

export const areaConcept: Concept<InstitutionContext, StoreTx> = {
  name: 'area',
  sdl: new URL('./area.graphql', import.meta.url),
  resolvers: areaResolvers,
  operations: areaOperations,
};
