export {
  defaultRouterConfig,
  readRouterConfig,
  type RouterConfig,
  type RouterProcessConfig,
} from './config.ts';
export {
  createDocumentAssessor,
  documentFolder,
  type DocumentFolderOptions,
  type DocumentSource,
} from './documents/index.ts';
export {
  costOf,
  defaultLimits,
  readCostModel,
  type Costed,
  type CostModel,
  type CostOptions,
  type LimitsConfig,
} from './limits/index.ts';
export { createRouter, type Router, type RouterOptions } from './router.ts';
export type { DemoToken } from './explorer/explorer-route.ts';
export type { HttpSubgraph } from './subgraph/http-transport.ts';
export type { InProcessSubgraph } from './subgraph/in-process-transport.ts';
export { createEnforcement, openSupergraph, type SupergraphUpdate } from './access/index.ts';
export {
  fixedSupergraph,
  watchedSupergraph,
  type SupergraphSource,
} from './supergraph/supergraph-source.ts';
