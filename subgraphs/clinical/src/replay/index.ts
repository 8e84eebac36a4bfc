import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';

/** The batch through which devices replay; the engine answers it from every concept's operations. */
export const replayConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'replay',
  sdl: new URL('./replay.graphql', import.meta.url),
  resolvers: {},
};
