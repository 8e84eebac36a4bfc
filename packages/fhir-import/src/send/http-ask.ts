import type { Ask } from './graphql-sender.ts';
import { TransientFault } from './sender.ts';

/**
 * Carries requests over HTTP to a router.
 *
 * @param options.url the GraphQL endpoint, e.g. `http://127.0.0.1:4000/graphql`
 * @param options.token gives a bearer token; asked again when one is not accepted any more
 * @param options.timeoutMs how long one request may take
 */
export function createHttpAsk(options: {
  readonly url: string;
  readonly token: (isRenewal: boolean) => Promise<string>;
  readonly timeoutMs?: number;
}): Ask {
  const { url, token, timeoutMs = 120_000 } = options;
  let bearer: Promise<string> | undefined;

  async function post(request: unknown, authorization: string) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: jsonOrNothing(await response.text()) };
  }

  return async (_subgraph, request) => {
    bearer ??= token(false);
    const used = bearer;
    const first = await reached(() => used.then((text) => post(request, `Bearer ${text}`)));
    if (first.status !== 401) return first;
    // Tokens live for minutes and imports for hours. The first request to notice asks anew.
    if (bearer === used) bearer = token(true);
    const renewed = await bearer;
    return reached(() => post(request, `Bearer ${renewed}`));
  };
}

/** A page of a proxy is no GraphQL answer; the status says what it means. */
function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** fetch says TypeError for every failure of the network, and a DOMException for its end of time. */
async function reached<TResult>(call: () => Promise<TResult>): Promise<TResult> {
  try {
    return await call();
  } catch (error) {
    const isNetwork = error instanceof TypeError || error instanceof DOMException;
    if (isNetwork) throw new TransientFault('The server could not be reached.', error);
    throw error;
  }
}
