import type { SqlSession } from '@caregraph/messaging';
import { authenticated } from '@caregraph/access';
import type { PolicyMap, ResolverMap } from '../concept.ts';
import type { RequestContext } from '../context.ts';
import type { SubgraphDefinition } from '../subgraph.ts';
import type { OperationEngine } from './operation-engine.ts';
import { operationResolvers } from './operation-resolvers.ts';
import type { Receipt } from './receipt.ts';

/** The mutations of a subgraph with their policies, made from the operations of its concepts. */
export function operationRoot<TContext extends RequestContext, TTx extends SqlSession>(
  definition: SubgraphDefinition<TContext, TTx>,
  engine: OperationEngine<TContext, TTx>,
): { resolvers: readonly ResolverMap[]; policies: PolicyMap } {
  const { batchField } = definition;
  const operations = definition.concepts.flatMap((concept) => concept.operations ?? []);
  if (batchField === undefined) return { resolvers: [], policies: {} };
  const mutations = operationResolvers({
    batchField,
    operations,
    engine,
    afterWrite: definition.clearLoaders,
  });
  const policies = operations.map(({ name, policy }) => [`Mutation.${name}`, policy]);
  return {
    resolvers: [{ Mutation: mutations, OperationReceipt: { __resolveType: receiptType } }],
    // Each entry of a batch is enforced by its own operation's policy, in the engine.
    policies: { ...Object.fromEntries(policies), [`Mutation.${batchField}`]: authenticated },
  };
}

/** `registerPatient` answers with `RegisterPatientReceipt`. */
function receiptType({ operation }: Receipt): string {
  return `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Receipt`;
}
