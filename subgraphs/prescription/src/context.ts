import type { RequestContext } from '@caregraph/subgraph';
import type { Stores } from './stores.ts';

/** What the resolvers of this subgraph get. */
export interface PrescriptionContext extends RequestContext {
  readonly stores: Stores;
}
