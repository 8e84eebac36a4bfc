export {
  composeSupergraph,
  type Composition,
  type SchemaProblem,
  type SubgraphSources,
} from './compose-supergraph.ts';
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
