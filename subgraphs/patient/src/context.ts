import type { BreakGlassIssuer } from '@caregraph/access';
import type { RequestContext } from '@caregraph/subgraph';
import type { Stores } from './stores.ts';

/** Signs the grants of break-glass, and ends them before their time. */
export interface GrantAccess {
  readonly issuer: BreakGlassIssuer;
  close(grantId: string): Promise<void>;
}

/** What the resolvers of this subgraph get: stores that see the actor's scope and nothing else. */
export interface PatientContext extends RequestContext {
  readonly stores: Stores;
  readonly grants: GrantAccess;
}
