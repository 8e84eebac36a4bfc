import type { Actor, Purpose, Scope } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { AccessTrail } from './audit/access-trail.ts';

/** What every resolver gets: who asks, what they may see, and the way to time, ids and the log. */
export interface RequestContext {
  readonly requestId: string;
  readonly actor: Actor;
  readonly purpose: Purpose;
  readonly scope: Scope;
  readonly audit: AccessTrail;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
}
