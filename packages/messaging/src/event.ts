import { z } from 'zod';
import { eventContracts, type EventData, type EventType } from './contract/event-contract.ts';

/** An event as it travels: CloudEvents 1.0 in structured mode. */
export interface EventEnvelope {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: EventType;
  readonly source: string;
  readonly subject: string;
  /** RFC 3339 instant. */
  readonly time: string;
  readonly data: unknown;
}

/** An event before the outbox gives it an id and a time. */
export type EventDraft = {
  readonly [TType in EventType]: {
    readonly type: TType;
    /** Id of the aggregate that the event is about. */
    readonly subject: string;
    readonly data: EventData<TType>;
  };
}[EventType];

const types = Object.keys(eventContracts) as [EventType, ...EventType[]];

/** The envelope as it is checked when it arrives; the data is checked by its own contract. */
export const eventEnvelope = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  type: z.enum(types),
  source: z.string().min(1).max(200),
  subject: z.string().min(1).max(200),
  time: z.iso.datetime(),
  data: z.unknown(),
});
