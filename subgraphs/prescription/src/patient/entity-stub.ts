/** What this subgraph knows of an entity that another subgraph owns: its key. */
export interface EntityStub {
  readonly id: string;
}
