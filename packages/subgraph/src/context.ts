import type { Actor, BreakGlassGrant, Purpose, Scope } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { AccessTrail } from './audit/access-trail.ts';

/** Which record is opened, why, and by which grant. */
export type OpenedRecord = Pick<BreakGlassGrant, 'grantId' | 'patientId' | 'reason'>;

/** What every resolver gets: who asks, what they may see, and the way to time, ids and the log. */
export interface RequestContext {
  readonly requestId: string;
  readonly actor: Actor;
  readonly purpose: Purpose;
  readonly scope: Scope;
  /** The record that a verified grant opens to this request, outside of the actor's territory. */
  readonly breakGlass: OpenedRecord | undefined;
  readonly audit: AccessTrail;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
}
