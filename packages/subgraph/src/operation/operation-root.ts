import type { SqlSession } from '@caregraph/messaging';
import type { AccessRules, Actor } from '@caregraph/access';
import type { ResolverMap } from '../concept.ts';
import type { RequestContext } from '../context.ts';
import type { AccessGate, Gates } from '../schema/access-gate.ts';
import type { SubgraphDefinition } from '../subgraph.ts';
import type { OperationEngine } from './operation-engine.ts';
import { operationResolvers } from './operation-resolvers.ts';
import type { Receipt } from './receipt.ts';

/** The mutations of a subgraph, made from the operations of its concepts. */
export function operationRoot<TContext extends RequestContext, TTx extends SqlSession>(
  definition: SubgraphDefinition<TContext, TTx>,
  engine: OperationEngine<TContext, TTx>,
): readonly ResolverMap[] {
  const { batchField } = definition;
  const operations = definition.concepts.flatMap((concept) => concept.operations ?? []);
  if (batchField === undefined) return [];
  const mutations = operationResolvers({
    batchField,
    operations,
    engine,
    afterWrite: definition.clearLoaders,
  });
  return [{ Mutation: mutations, OperationReceipt: { __resolveType: receiptType } }];
}

/**
 * What the engine asks before it applies: the rule of `Mutation.<name>`, for a call of its own and
 * for an entry of a batch alike.
 *
 * @throws Error for an operation that the SDL has no mutation for, or none with an access directive
 */
export function operationGates(
  operations: readonly { readonly name: string }[],
  rules: AccessRules,
  gates: Gates,
): (operation: string, actor: Actor) => void {
  const byName = new Map<string, AccessGate>();
  for (const { name } of operations) {
    const coordinate = `Mutation.${name}`;
    if (!rules.has(coordinate)) throw new Error(`${coordinate}: an operation that nobody may call`);
    byName.set(name, gates.gate(coordinate, [coordinate]));
  }
  return (operation, actor) => {
    const gate = byName.get(operation);
    if (gate === undefined) throw new Error(`no gate for the operation ${operation}`);
    gate.enforce(actor);
  };
}

/** `registerPatient` answers with `RegisterPatientReceipt`. */
function receiptType({ operation }: Receipt): string {
  return `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Receipt`;
}
