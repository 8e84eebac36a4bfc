import type { Actor } from '@caregraph/access';

/** What a request carries through the router. Only its headers go on to subgraphs. */
export interface RouterContext {
  readonly requestId: string;
  readonly actor: Actor;
  /** The client's own Authorization header: every subgraph verifies the token itself. */
  readonly authorization: string;
  /** Why records are opened, as the client states; checked by each subgraph. */
  readonly purpose: string | undefined;
}
