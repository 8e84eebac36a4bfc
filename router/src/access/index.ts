export { createEnforcement, type UnauthorisedFields } from './enforcement.ts';
export { createGuardedGateway, type SupergraphUpdate } from './guarded-gateway.ts';
export { createIntrospectionCheck, createSuggestionPlugin } from './introspection.ts';
export { openSupergraph } from './open-supergraph.ts';
