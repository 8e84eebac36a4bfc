import type { RequestContext } from '@caregraph/subgraph';
import type { Stores } from './stores.ts';

/** What the resolvers of this subgraph get: stores that see the actor's scope and nothing else. */
export interface PatientContext extends RequestContext {
  readonly stores: Stores;
}
