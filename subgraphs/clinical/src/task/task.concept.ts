import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { taskOperations } from './task.operation.ts';
import { taskResolvers } from './task.resolver.ts';

export const taskConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'task',
  sdl: new URL('./task.graphql', import.meta.url),
  resolvers: taskResolvers,
  operations: taskOperations,
};
