import { z } from 'zod';

/** How large, how dear and how frequent requests may be. */
export interface LimitsConfig {
  /** Lexical tokens of a document. */
  readonly maxTokens: number;
  /** Levels of nested fields, through fragments. */
  readonly maxDepth: number;
  /** Fields with an alias, counted as often as fragments bring them. */
  readonly maxAliases: number;
  /** Directives on everything that runs, counted as often as fragments bring them. */
  readonly maxDirectives: number;
  /** Directives on one field, fragment or operation. */
  readonly maxDirectivesInOnePlace: number;
  /** Fields at the root of an operation. */
  readonly maxRootFields: number;
  /** Fields of an operation once its fragments are written out; the planner writes them out. */
  readonly maxFields: number;
  /** The dearest operation that is run; see cost-of.ts for the unit. */
  readonly costBudget: number;
  /** Elements assumed in a list whose field says nothing of its size. */
  readonly defaultListSize: number;
  /** Whether frequency is limited at all; only measurements switch it off. */
  readonly rates: boolean;
  /** Requests of one user through one client in any minute. */
  readonly requestsPerMinute: number;
  /** How long Redis may take before limits are counted in this process, in milliseconds. */
  readonly redisTimeoutMs: number;
}

/**
 * Generous beside what the field app, the explorer's examples and its introspection need (about
 * 400 tokens, 14 levels, a cost of 3,500 for a full batch of operations), small beside an attack.
 */
export const defaultLimits: LimitsConfig = Object.freeze({
  maxTokens: 3_000,
  maxDepth: 16,
  maxAliases: 30,
  maxDirectives: 60,
  maxDirectivesInOnePlace: 4,
  maxRootFields: 20,
  maxFields: 600,
  costBudget: 10_000,
  defaultListSize: 10,
  rates: true,
  requestsPerMinute: 3_000,
  redisTimeoutMs: 150,
});

const count = (preset: number, most = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(1).max(most).default(preset);

/** The environment variables of limits, for the router's configuration. */
export const limitVariables = {
  /** Tokens of a document, counted before it becomes a tree; the stack bears 10,000. */
  MAX_TOKENS: count(defaultLimits.maxTokens, 10_000),
  /** Levels of nested fields. */
  MAX_DEPTH: count(defaultLimits.maxDepth),
  /** Aliases of an operation. */
  MAX_ALIASES: count(defaultLimits.maxAliases),
  /** Directives of an operation. */
  MAX_DIRECTIVES: count(defaultLimits.maxDirectives),
  /** Fields at the root of an operation. */
  MAX_ROOT_FIELDS: count(defaultLimits.maxRootFields),
  /** Fields of an operation with its fragments written out. */
  MAX_FIELDS: count(defaultLimits.maxFields),
  /** The dearest operation that is run; `caregraph documents register` measures by the same. */
  COST_BUDGET: count(defaultLimits.costBudget),
  /** Requests of one user through one client in any minute. */
  RATE_LIMIT_REQUESTS_PER_MINUTE: count(defaultLimits.requestsPerMinute),
  /** A slower Redis counts as away; each request would wait for it. */
  REDIS_TIMEOUT_MS: count(defaultLimits.redisTimeoutMs),
};

const variables = z.object(limitVariables);

/** The limits that the variables state. */
export function limitsConfigOf(from: z.output<typeof variables>): LimitsConfig {
  return Object.freeze({
    ...defaultLimits,
    maxTokens: from.MAX_TOKENS,
    maxDepth: from.MAX_DEPTH,
    maxAliases: from.MAX_ALIASES,
    maxDirectives: from.MAX_DIRECTIVES,
    maxRootFields: from.MAX_ROOT_FIELDS,
    maxFields: from.MAX_FIELDS,
    costBudget: from.COST_BUDGET,
    requestsPerMinute: from.RATE_LIMIT_REQUESTS_PER_MINUTE,
    redisTimeoutMs: from.REDIS_TIMEOUT_MS,
  });
}
