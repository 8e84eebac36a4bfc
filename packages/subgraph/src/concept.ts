import type { RequestContext } from './context.ts';
import type { Operation } from './operation/operation.ts';

/** Resolvers by type and field. Generated types check them where a concept declares them. */
export type ResolverMap = Readonly<Record<string, unknown>>;

/** One concept of a subgraph: its SDL, which says who may ask, what answers it, what it writes. */
export interface Concept<TContext extends RequestContext, TTx> {
  readonly name: string;
  /** The concept's SDL file, read when the subgraph boots. */
  readonly sdl: URL;
  readonly resolvers: ResolverMap;
  readonly operations?: readonly Operation<TContext, TTx>[];
}
