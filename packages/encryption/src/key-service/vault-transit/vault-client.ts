import createNodeVault from 'node-vault';
import { z } from 'zod';
import { KeyServiceError } from '../key-service-error.ts';
import type { VaultReply, VaultTransport } from './vault-transport.ts';

export interface VaultCall {
  readonly method: 'GET' | 'POST';
  /** Below /v1, without a slash in front. */
  readonly path: string;
  readonly body?: object;
  /** None for signing in. */
  readonly token?: string | undefined;
}

export interface VaultClient {
  /**
   * @returns what Vault answered with 200 or 204, or with 400 when it answers a batch
   * @throws KeyServiceError by the meaning of the answer
   */
  call(call: VaultCall): Promise<unknown>;
}

const requestOptions = z.object({
  uri: z.url(),
  method: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  json: z.looseObject({}).optional(),
});

/**
 * node-vault 0.12 with what it lacks put around it: it builds addresses, headers and errors, and
 * hands the request to our transport by its `request-promise` option.
 *
 * Threats: node-vault falls back to VAULT_TOKEN, VAULT_NAMESPACE and VAULT_PREFIX of the
 * environment, so that another token than the configured one is sent; with DEBUG=node-vault it
 * logs bodies, which hold keys and secret ids. Defences: the fallbacks are overwritten, the token
 * goes along with each call, and its log is a function that does nothing.
 */
export function createVaultClient(options: {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly transport: VaultTransport;
}): VaultClient {
  const send = async (raw: unknown) => {
    const { uri, method, headers, json } = requestOptions.parse(raw);
    const body = json === undefined ? undefined : JSON.stringify(json);
    const url = new URL(uri);
    const { status, body: answer } = await options.transport.send({ method, url, headers, body });
    return { statusCode: status, body: answer, request: { path: url.pathname } };
  };
  const vault = createNodeVault({
    endpoint: options.address,
    debug: () => undefined,
    'request-promise': { defaults: () => send },
  });
  Object.assign(vault, { token: '', namespace: options.namespace ?? '', pathPrefix: '' });

  return {
    async call({ method, path, body, token }) {
      const headers: Record<string, string> = { 'X-Vault-Request': 'true' };
      if (token !== undefined) headers['X-Vault-Token'] = token;
      try {
        const answer: unknown = await vault.request({
          path: `/${path}`,
          method,
          headers,
          ...(body !== undefined && { json: body }),
        });
        return answer;
      } catch (error) {
        if (error instanceof KeyServiceError) throw error;
        return answerOrFault(path, replyIn(error));
      }
    },
  };
}

const apiError = z.object({
  response: z.object({ statusCode: z.number(), body: z.unknown() }),
});
const batchAnswer = z.looseObject({ data: z.looseObject({ batch_results: z.array(z.unknown()) }) });

/** The error of node-vault has the whole body in it: only what we understand goes on. */
function replyIn(error: unknown): VaultReply {
  const known = apiError.safeParse(error);
  if (known.success) {
    return { status: known.data.response.statusCode, body: known.data.response.body };
  }
  throw new KeyServiceError('KEY_SERVICE_ANSWER_INVALID', 'node-vault failed on the answer');
}

function answerOrFault(path: string, { status, body }: VaultReply): unknown {
  // Since Vault 1.11 a batch with one bad item is a 400 that still has all results.
  if (status === 400 && batchAnswer.safeParse(body).success) return body;
  if (status === 401 || status === 403) {
    throw new KeyServiceError('KEY_SERVICE_DENIED', `Vault denies ${path} (${status})`);
  }
  const hint = status === 404 ? 'there is no such mount or key' : 'it does not take the request';
  const explanation = `Vault answers ${path} with ${status}: ${hint}`;
  throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
}
