import type { ApolloServerPlugin, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import type { GraphQLFormattedError, GraphQLSchema, ValidationRule } from 'graphql';
import type { Clock } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { RouterContext } from '../router-context.ts';
import { readCostModel, type CostModel } from './cost/cost-model.ts';
import { costOf } from './cost/cost-of.ts';
import { createDocumentLimitsRule } from './document/document-limits.ts';
import { formatLimitError, refusal } from './limit-error.ts';
import type { LimitsConfig } from './limits-config.ts';
import { createGuardedSlots, createLocalSlots, type SlotPlace } from './rate/guarded-slots.ts';
import { rateHeaders } from './rate/rate-headers.ts';
import { createRateLimiter } from './rate/rate-limiter.ts';
import { readRatePolicies, touchedBy, type RatePolicies } from './rate/rate-policy.ts';

/** A request whose document is known to be valid and to name an operation. */
export type ResolvedRequest = GraphQLRequestContextDidResolveOperation<RouterContext>;

export interface Limits {
  /** Stops a flood of tokens before it becomes a tree. */
  readonly parseOptions: { maxTokens: number };
  /** Measures a document before any other rule sees it. */
  readonly validationRules: ValidationRule[];
  /** Keeps up with the schema. */
  readonly plugin: ApolloServerPlugin<RouterContext>;
  /** @throws GraphQLError COST_EXCEEDED */
  checkCost(request: ResolvedRequest): void;
  /** Counts the request, and writes the RateLimit headers. @throws GraphQLError RATE_LIMITED */
  checkRate(request: ResolvedRequest): Promise<void>;
  formatError(error: GraphQLFormattedError): GraphQLFormattedError;
  /** Where calls are counted now. */
  place(): SlotPlace;
  close(): void;
}

interface SchemaLimits {
  readonly model: CostModel;
  readonly policies: RatePolicies;
}

/**
 * All limits that hold before a document is planned: parsing and validation meet the first two of
 * them, and whoever admits requests calls the others, cost before rate.
 *
 * @param options.redisUrl counts for all routers together; without it each counts its own
 * @example const limits = await createLimits({ config: defaultLimits, redisUrl: undefined, clock, log });
 */
export async function createLimits(options: {
  readonly config: LimitsConfig;
  readonly redisUrl?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<Limits> {
  const { config, redisUrl, clock, log } = options;
  const timeoutMs = config.redisTimeoutMs;
  const slots =
    redisUrl === undefined
      ? createLocalSlots(clock)
      : await createGuardedSlots({ url: redisUrl, timeoutMs, clock, log });
  // A request that began on one schema is judged by that one, also when another came meanwhile.
  const bySchema = new WeakMap<GraphQLSchema, SchemaLimits>();
  function limitsOf({ schema }: ResolvedRequest): SchemaLimits {
    const limits = bySchema.get(schema);
    // Threat: a schema without its limits would be served without any.
    if (!limits) throw new Error('The limits of this schema were not read.');
    return limits;
  }
  return {
    parseOptions: { maxTokens: config.maxTokens },
    validationRules: [createDocumentLimitsRule(config)],
    plugin: createSchemaPlugin(bySchema),
    checkCost: (request) => checkCost(request, limitsOf(request), config),
    checkRate: createRateCheck(createRateLimiter(slots), limitsOf, config),
    formatError: (error) => formatLimitError(error, config.maxTokens),
    place: slots.place,
    close: slots.close,
  };
}

function createSchemaPlugin(
  bySchema: WeakMap<GraphQLSchema, SchemaLimits>,
): ApolloServerPlugin<RouterContext> {
  return {
    async serverWillStart() {
      return {
        schemaDidLoadOrUpdate({ apiSchema, coreSupergraphSdl }) {
          if (coreSupergraphSdl === undefined) throw new Error('The router has no supergraph.');
          const model = readCostModel(coreSupergraphSdl);
          const policies = readRatePolicies(coreSupergraphSdl, model.schema);
          bySchema.set(apiSchema, { model, policies });
        },
      };
    },
  };
}

function checkCost(request: ResolvedRequest, { model }: SchemaLimits, config: LimitsConfig): void {
  const costed = costOf(model, request.document, request.request.variables ?? {}, {
    operationName: request.operationName ?? undefined,
    defaultListSize: config.defaultListSize,
  });
  if (costed.kind === 'slicing-argument-missing') {
    const { coordinate } = costed;
    throw refusal('BAD_REQUEST', { reason: 'SLICING_ARGUMENT_MISSING', coordinate });
  }
  // Whoever admits requests has found the operation before.
  if (costed.kind === 'operation-not-found') throw new Error('The operation was not found.');
  const { cost } = costed;
  const budget = config.costBudget;
  if (cost > budget) throw refusal('COST_EXCEEDED', { cost, budget });
}

function createRateCheck(
  judge: ReturnType<typeof createRateLimiter>,
  limitsOf: (request: ResolvedRequest) => SchemaLimits,
  config: LimitsConfig,
) {
  const requests = { name: 'requests', max: config.requestsPerMinute, windowMs: 60_000 };
  return async function checkRate(request: ResolvedRequest): Promise<void> {
    if (!config.rates) return;
    const { operation } = request;
    // Whoever admits requests has found the operation before; the types cannot tell.
    if (!operation) throw new Error('The operation was not found.');
    const { model, policies } = limitsOf(request);
    const { actor, requestId } = request.contextValue;
    const variables = request.request.variables ?? {};
    const touched = touchedBy(
      { schema: model.schema, policies },
      request.document,
      operation,
      variables,
    );
    const verdict = await judge(`${actor.clientId}/${actor.id}`, requestId, [
      { policy: requests, count: 1 },
      ...touched,
    ]);
    const allowed = verdict.kind === 'allowed';
    const headers = rateHeaders(verdict.states, allowed);
    if (!allowed) throw refusal('RATE_LIMITED', {}, headers);
    for (const [name, value] of headers) request.response.http.headers.set(name, value);
  };
}
