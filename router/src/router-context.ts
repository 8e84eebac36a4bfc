import type { Actor } from '@caregraph/access';

/** What a request carries through the router. Only its headers go on to subgraphs. */
export interface RouterContext {
  readonly requestId: string;
  readonly actor: Actor;
  /** Sent with every fetch: every subgraph verifies the token and the rest itself. */
  readonly subgraphHeaders: Readonly<Record<string, string>>;
}
