export { startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
export { joinEmbeddedPostgres } from './embedded/join-postgres.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded/embedded-postgres.ts';
export { generateClient, generateClients } from './generate-clients.ts';
export type { GenerateOptions, GenerateResult } from './generate-clients.ts';
export { checkDrift, describeDrift, hasDrift } from './migrations/drift.ts';
export type { DriftReport } from './migrations/drift.ts';
export type { SchemaChange } from './migrations/catalogue.ts';
export { ensureDatabase, migrate } from './migrations/migrate.ts';
export type { MigrateOptions, MigrateResult } from './migrations/migrate.ts';
export { databaseNames, storeDatabase, storeFiles, storeNames } from './migrations/store-files.ts';
export type { DatabaseName, StoreFiles, StoreName } from './migrations/store-files.ts';
export { nextMigration, writeMigration } from './migrations/write-migration.ts';
export type { WriteMigrationOptions, WrittenMigration } from './migrations/write-migration.ts';
export { countStatements, createPool } from './pool.ts';
export type { CountedStatements, DatabasePool, PoolOptions } from './pool.ts';
export { createStoreAdapter } from './store-adapter.ts';
export {
  constraintViolation,
  isDataException,
  isTransientDatabaseFault,
} from './database-fault.ts';
export type { ConstraintKind, ConstraintViolation } from './database-fault.ts';
export { DatabaseSetupError, onDatabase, parseDatabaseUrl } from './target.ts';
export type { DatabaseSetupCode, DatabaseTarget } from './target.ts';
