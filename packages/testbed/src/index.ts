export { startPostgres } from './postgres.ts';
export { startRabbitmq } from './rabbitmq.ts';
export { startRedis } from './redis.ts';
export type { Service, ServiceName } from './service.ts';
export { serviceUrl } from './service-url.ts';
export { createTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { countRequestStatements, createTestSubgraph } from './test-subgraph.ts';
export type { TestAnswer, TestSubgraph } from './test-subgraph.ts';
