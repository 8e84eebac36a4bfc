import type { RequestContext } from '@caregraph/subgraph';
import type { StoreClient } from './client.ts';

/** What a store is made of: the client, whose data it may show, and where it tells what it showed. */
export interface StoreAccess extends Pick<RequestContext, 'scope' | 'audit'> {
  readonly db: StoreClient;
  /** The institution whose staff's doings may be seen, whoever the patient is; only for auditors. */
  readonly auditedInstitutionId: string | undefined;
}
