export {
  composeSupergraph,
  type Composition,
  type SchemaProblem,
  type SubgraphSources,
} from './compose-supergraph.ts';
export {
  checkDocuments,
  documentIdOf,
  hasValidSignature,
  isClientName,
  listManifests,
  readManifest,
  readSourceFolder,
  registerDocuments,
  shippedDocumentsPath,
  signManifest,
  signUnsignedManifests,
  writeSignature,
  type DocumentAssessment,
  type DocumentChange,
  type DocumentSource,
  type Manifest,
  type RegisteredOperation,
  type Registration,
  type RegistrationOptions,
} from './documents/index.ts';
export { findSchemaChanges, type SchemaChange } from './schema-changes.ts';
export {
  checkSupergraph,
  loadSupergraph,
  publishedSupergraphPath,
  publishSupergraph,
  type CheckReport,
  type PublishReport,
} from './publish-supergraph.ts';
export { readSubgraphSources, subgraphNames, type SubgraphName } from './subgraph-sources.ts';
