export { type EventData, type EventType } from './contract/event-contract.ts';
export { addEventEndpoint } from './event-endpoint.ts';
export { type EventDraft, type EventEnvelope } from './event.ts';
export { createHttpTransport } from './http-transport.ts';
export { createInbox, type EventHandlers, type ReceivedEvent } from './inbox.ts';
export { outboxInsertSql, toOutboxRows, type OutboxRow } from './outbox.ts';
export { createRelay, type Relay } from './relay.ts';
export { type SqlPool, type SqlSession, type TransactionalStore } from './sql-session.ts';
export { createInProcessTransport, type EventConsumer, type EventTransport } from './transport.ts';
