export { type Concept, type ResolverMap } from './concept.ts';
export { type OpenedRecord, type RequestContext } from './context.ts';
export { createBatchLoader, groupBy, type BatchLoader } from './loader.ts';
export {
  firstFieldVersions,
  mergeFields,
  type Changes,
  type ConflictRule,
  type FieldVersions,
  type Merge,
} from './operation/merge-fields.ts';
export { mergedOutcome, readFieldVersions } from './operation/merged-outcome.ts';
export {
  defineOperation,
  problem,
  rejected,
  type AppliedOutcome,
  type Operation,
  type OperationCall,
  type OperationInput,
  type OperationStamp,
  type Outcome,
  type Problem,
  type Verdict,
} from './operation/operation.ts';
export { writtenRecord, type Receipt } from './operation/receipt.ts';
export { pageRequest, toConnection, type Connection, type PageRequest } from './page/connection.ts';
export { createPageLoader, type PageLoader } from './page/page-loader.ts';
export { contractSdlFiles } from './schema/subgraph-sdl.ts';
export { createSealing, type Sealing } from './sealing.ts';
export { createSubgraphHost } from './server/subgraph-host.ts';
export { runSubgraph } from './server/run-subgraph.ts';
export {
  assembleSubgraph,
  type Subgraph,
  type SubgraphDependencies,
  type SubgraphRequest,
} from './subgraph.ts';
export { factAuthor, factsInScope, ownWhileProvisional } from './territory/fact-scope.ts';
export { referredAt } from './territory/key-owner.store.ts';
export { inTerritory, patientsInScope } from './territory/patient-scope.ts';
export { territoryHandlers } from './territory/territory-handlers.ts';
