import type { Policy } from '@caregraph/access';
import type { RequestContext } from './context.ts';
import type { Operation } from './operation/operation.ts';

/** Resolvers by type and field. Generated types check them where a concept declares them. */
export type ResolverMap = Readonly<Record<string, unknown>>;

/** Policies by coordinate: every root field and every `Type.__resolveReference` has one. */
export type PolicyMap = Readonly<Record<string, Policy>>;

/** One concept of a subgraph: its SDL, what answers it, who may ask, and what it writes. */
export interface Concept<TContext extends RequestContext, TTx> {
  readonly name: string;
  /** The concept's SDL file, read when the subgraph boots. */
  readonly sdl: URL;
  readonly resolvers: ResolverMap;
  readonly policies: PolicyMap;
  readonly operations?: readonly Operation<TContext, TTx>[];
}
