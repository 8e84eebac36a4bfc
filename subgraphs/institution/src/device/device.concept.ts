import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { deviceOperations } from './device.operation.ts';
import { deviceResolvers } from './device.resolver.ts';

export const deviceConcept: Concept<InstitutionContext, StoreTx> = {
  name: 'device',
  sdl: new URL('./device.graphql', import.meta.url),
  resolvers: deviceResolvers,
  operations: deviceOperations,
};
