import type { RequestContext } from '@caregraph/subgraph';
import type { Stores } from './stores.ts';

/** What the resolvers of this subgraph get. */
export interface AuditContext extends RequestContext {
  readonly stores: Stores;
}

/** A patient or staff member of another subgraph; the stores behind the fields decide the rest. */
export interface EntityStub {
  readonly id: string;
}
