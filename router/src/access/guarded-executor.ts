import type { ApolloGateway } from '@apollo/gateway';
import { valueFromASTUntyped, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { Actor } from '@caregraph/access';
import { errorsOf, refusalOf } from './access-error.ts';
import type { AccessRules } from './access-rules.ts';
import type { Variables } from './answer-shape.ts';
import { createEnforcement, type UnauthorisedFields } from './enforcement.ts';

/** Runs a request that was parsed and validated. */
export type Executor = ApolloGateway['executor'];
type Request = Parameters<Executor>[0];
type Gaps = ReturnType<typeof errorsOf>;
type Answer = Awaited<ReturnType<Executor>>;

/**
 * Runs documents without what their actor may not have: decided before anything is planned, so that
 * no subgraph is asked for it.
 */
export function createGuardedExecutor(options: {
  readonly gateway: Pick<ApolloGateway, 'executor'>;
  readonly schema: GraphQLSchema;
  readonly rules: AccessRules;
  readonly unauthorisedFields: UnauthorisedFields;
}): Executor {
  const { gateway } = options;
  const decide = createEnforcement(options);
  return async (request) => {
    const verdict = decide(request, actorOf(request));
    switch (verdict.kind) {
      case 'permitted':
        return gateway.executor({ ...request, ...verdict.as });
      case 'refused':
        return { errors: [refusalOf({ coordinates: verdict.coordinates })] };
      case 'filtered': {
        const { as, restore } = verdict;
        const answer = await gateway.executor({ ...request, ...as });
        if (answer.data === undefined || answer.data === null) return answer;
        const restored = restore(answer.data, variablesOf(request));
        return withGaps(answer, restored.data, errorsOf(restored));
      }
    }
  };
}

function actorOf({ context }: Request): Actor {
  // The one who calls puts RouterContext here; a gateway without an actor must not answer.
  const { actor } = context as { readonly actor?: Actor };
  if (actor === undefined) throw new Error('The request came without an actor.');
  return actor;
}

function withGaps(answer: Answer, data: Record<string, unknown> | null, gaps: Gaps): Answer {
  const errors = [...gaps, ...(answer.errors ?? [])];
  return { ...answer, data, ...(errors.length === 0 ? {} : { errors }) };
}

/** Variables as the operation sees them: what is left out has its default. */
function variablesOf({ operation, request }: Request): Variables {
  return { ...presetsOf(operation), ...request.variables };
}

function presetsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  );
}
