export {
  importFhir,
  type ImportOptions,
  type ImportProgress,
  type ImportSummary,
} from './import-fhir.ts';
export { defaultSource } from './identity.ts';
export {
  createImportIds,
  importInstitutionId,
  unkeyedIds,
  type ImportIds,
  type ImportNaming,
  type RecordIds,
} from './import-ids.ts';
export { issueCatalogue, type Issue, type IssueCode } from './issue.ts';
export { createGraphqlSender, type Ask } from './send/graphql-sender.ts';
export { createHttpAsk } from './send/http-ask.ts';
export {
  ImportStopped,
  TransientFault,
  type EntryAnswer,
  type Sender,
  type StopCode,
  type WireEntry,
} from './send/sender.ts';
export type { ImportSubgraph } from './map/input.ts';
