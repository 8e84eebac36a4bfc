/** Why a subgraph gave no usable answer. Stable: clients and dashboards tell them apart. */
export type UnavailableReason =
  'UNREACHABLE' | 'TIMEOUT' | 'DRAINING' | 'BAD_RESPONSE' | 'INCOMPATIBLE';

/** Thrown by a transport when no answer came. */
export class SubgraphUnavailable extends Error {
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, cause?: unknown) {
    super(reason, { cause });
    this.name = 'SubgraphUnavailable';
    this.reason = reason;
  }
}

/** A GraphQL request to a subgraph: nothing but these headers crosses. */
export interface SubgraphRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly query: string;
    readonly variables: Readonly<Record<string, unknown>>;
    readonly operationName?: string;
  };
}

export interface SubgraphAnswer {
  readonly status: number;
  readonly text: string;
}

/** The way to one subgraph: in this process or over HTTP. */
export interface SubgraphTransport {
  /** @throws SubgraphUnavailable */
  send(request: SubgraphRequest): Promise<SubgraphAnswer>;
  /** Whether the subgraph says that it can serve. Never throws. */
  isReady(): Promise<boolean>;
  close(): Promise<void>;
}
