export {
  defaultRouterConfig,
  readRouterConfig,
  type RouterConfig,
  type RouterProcessConfig,
} from './config.ts';
export { createRouter, type Router, type RouterOptions } from './router.ts';
export type { DemoToken } from './explorer/explorer-route.ts';
export type { HttpSubgraph } from './subgraph/http-transport.ts';
export type { InProcessSubgraph } from './subgraph/in-process-transport.ts';
export type { SupergraphUpdate } from './graphql/graphql-server.ts';
export {
  fixedSupergraph,
  watchedSupergraph,
  type SupergraphSource,
} from './supergraph/supergraph-source.ts';
