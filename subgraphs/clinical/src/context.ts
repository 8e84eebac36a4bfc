import type { CivilDate } from '@caregraph/guideline';
import type { RequestContext } from '@caregraph/subgraph';
import type { Stores } from './stores.ts';

/** What the resolvers and operations of this subgraph get. */
export interface ClinicalContext extends RequestContext {
  readonly stores: Stores;
  /** IANA zone in which days begin and end for the facilities. */
  readonly timeZone: string;
  /** The civil date that it is there now. */
  readonly today: CivilDate;
}
