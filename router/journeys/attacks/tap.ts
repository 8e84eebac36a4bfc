import type * as InProcess from '../../src/subgraph/in-process-transport.ts';

/** What the router sent to a subgraph. */
export interface TappedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Every request that left the router since the tap was last drained. */
export const tapped: TappedRequest[] = [];

/**
 * Counts what reaches subgraphs, for `vi.mock` of the transport; the requests go on as they are.
 *
 * @example vi.mock(import('../../src/subgraph/in-process-transport.ts'), async (original) =>
 *   (await import('./tap.ts')).withTap(await original()));
 */
export function withTap(original: typeof InProcess): typeof InProcess {
  return {
    createInProcessTransport(subgraph, timeoutMs) {
      const transport = original.createInProcessTransport(subgraph, timeoutMs);
      return {
        ...transport,
        send(request) {
          tapped.push(request);
          return transport.send(request);
        },
      };
    },
  };
}
