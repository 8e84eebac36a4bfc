import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as server from '../test-stub-server.ts';
import type { AnswerTrouble, Json, StubOptions } from '../test-stub-server.ts';
import {
  createTransitEngine,
  newTransitKey,
  VaultRefusal,
  type BatchItem,
  type TransitKeyState,
} from './test-transit-engine.ts';

/**
 * Vault's transit engine, AppRole, Kubernetes and token methods as far as the driver uses them,
 * after the source of Vault 1.21: real AES-GCM with derived keys, and as strict as can be. What
 * Vault would silently ignore (an unknown field, `associated_data` at rewrap) is a violation here.
 */
export interface VaultStub {
  readonly address: string;
  readonly rootToken: string;
  readonly roleId: string;
  readonly jwt: string;
  secretId: string;
  /** What was asked, as `METHOD path`. */
  readonly asked: string[];
  /** What no request may do; a test ends by looking that there are none. */
  readonly violations: string[];
  readonly trouble: Trouble;
  readonly key: TransitKeyState;
  readonly lease: { seconds: number; renewable: boolean; renewedSeconds: number | undefined };
  /** Ends all leases. */
  revokeAll(): void;
  /** Tokens that were given out and still hold. */
  readonly tokens: Set<string>;
  stop(): Promise<void>;
}

interface Trouble extends AnswerTrouble {
  sealed: boolean;
  retryAfterSeconds: number | undefined;
  /** Which paths fail; all when left out. */
  failingPath: string | undefined;
  /** With which status they fail. */
  status: number;
  redirected: number;
  forbidden: boolean;
  /** Runs before a sign-in is answered. */
  beforeLogin: (() => Promise<void>) | undefined;
  /** Changes the results of a batch. */
  mangle: ((results: BatchItem[]) => unknown) | undefined;
}

export async function startVaultStub(
  options: StubOptions & {
    readonly namespace?: string;
    readonly mount?: string;
    readonly keyName?: string;
  } = {},
): Promise<VaultStub> {
  const { namespace, mount = 'transit', keyName = 'caregraph' } = options;
  const key = newTransitKey();
  const trouble: Trouble = {
    ...server.noAnswerTrouble(),
    sealed: false,
    retryAfterSeconds: undefined,
    failingPath: undefined,
    status: 500,
    redirected: 0,
    forbidden: false,
    beforeLogin: undefined,
    mangle: undefined,
  };
  const rootToken = `hvs.${randomBytes(24).toString('base64url')}`;
  const tokens = new Set([rootToken]);
  const state = {
    rootToken,
    roleId: randomUUID(),
    secretId: randomUUID(),
    jwt: `${randomBytes(20).toString('base64url')}.${randomBytes(40).toString('base64url')}.sig`,
    asked: [] as string[],
    violations: [] as string[],
    trouble,
    key,
    lease: { seconds: 3600, renewable: true, renewedSeconds: undefined as number | undefined },
    tokens,
    revokeAll: () => tokens.clear(),
  };

  const grant = (token: string, seconds: number) => ({
    request_id: randomUUID(),
    data: null,
    auth: {
      client_token: token,
      accessor: randomUUID(),
      policies: ['default'],
      lease_duration: seconds,
      renewable: state.lease.renewable,
    },
  });
  const signIn = () => {
    const token = `hvs.${randomBytes(24).toString('base64url')}`;
    tokens.add(token);
    return grant(token, state.lease.seconds);
  };
  const violation = (text: string): never => {
    state.violations.push(text);
    throw new VaultRefusal(400, `stub: ${text}`);
  };
  const strict = server.createStrictness(violation);
  const mangled = (results: BatchItem[]) => trouble.mangle?.(results) ?? results;
  const transit = createTransitEngine({ key, keyName, strict, violation, mangled });

  const answer = (method: string, path: string, body: Json, token: string | undefined) => {
    if (path === 'auth/approle/login') {
      strict.only(body, ['role_id', 'secret_id']);
      const known = body['role_id'] === state.roleId && body['secret_id'] === state.secretId;
      if (!known) throw new VaultRefusal(400, 'invalid role or secret ID');
      return { status: 200, body: signIn() };
    }
    if (path === 'auth/kubernetes/login') {
      strict.only(body, ['role', 'jwt']);
      if (body['jwt'] !== state.jwt) throw new VaultRefusal(403, 'permission denied');
      return { status: 200, body: signIn() };
    }
    if (token === undefined) throw new VaultRefusal(400, 'missing client token');
    if (!tokens.has(token) || trouble.forbidden) throw new VaultRefusal(403, 'permission denied');
    if (path === 'auth/token/lookup-self' && method === 'GET') {
      const ttl = token === rootToken ? 0 : state.lease.seconds;
      return { status: 200, body: { data: { ttl, renewable: token !== rootToken } } };
    }
    if (path === 'auth/token/renew-self') {
      if (!state.lease.renewable) throw new VaultRefusal(400, 'lease is not renewable');
      strict.only(body, ['increment']);
      return { status: 200, body: grant(token, state.lease.renewedSeconds ?? state.lease.seconds) };
    }
    if (!path.startsWith(`${mount}/`)) {
      throw new VaultRefusal(404, `no handler for route "${path}". route entry not found.`);
    }
    return transit(method, path.slice(mount.length + 1), body);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await server.readText(request);
    const { method = '', url = '', headers } = request;
    state.asked.push(`${method} ${url}`);
    if (url.endsWith('/login')) await trouble.beforeLogin?.();
    const send = (status: number, sent: unknown, more: Record<string, string> = {}) => {
      const headers = { 'content-type': 'application/json', ...more };
      server.sendJson(response, trouble, { status, body: sent, headers });
    };
    const errors = (status: number, message: string, more = {}) =>
      send(status, { errors: [message] }, more);
    if (server.happens(trouble, 'silent')) return;
    if (trouble.sealed) return errors(503, 'Vault is sealed');
    if (server.happens(trouble, 'throttled')) {
      const after = trouble.retryAfterSeconds;
      const more = after === undefined ? {} : { 'retry-after': String(after) };
      return errors(429, 'request path "transit": rate limit quota exceeded', more);
    }
    const failing = trouble.failingPath === undefined || url.endsWith(trouble.failingPath);
    if (failing && server.happens(trouble, 'failing')) {
      return errors(trouble.status, 'failing');
    }
    if (trouble.redirected > 0 && trouble.redirected-- > 0) {
      return send(302, undefined, { location: `https://elsewhere.invalid${url}` });
    }
    try {
      const requests = headers['x-vault-request'];
      if (requests !== 'true') violation('X-Vault-Request is missing');
      if (headers['x-vault-namespace'] !== namespace)
        throw new VaultRefusal(403, 'permission denied');
      if (!url.startsWith('/v1/') || url.includes('//') || url.includes('?'))
        violation(`path ${url}`);
      if (method === 'POST' && headers['content-type'] !== 'application/json') {
        violation('content-type is not JSON');
      }
      const token = headers['x-vault-token'];
      if (url.endsWith('/login') && token !== undefined) violation('a token goes along to sign in');
      const body = method === 'POST' ? (JSON.parse(text) as Json) : {};
      const done = answer(
        method,
        url.slice(4),
        body,
        typeof token === 'string' ? token : undefined,
      );
      send(done.status, done.body);
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error;
      errors(error.status, error.message);
    }
  };
  const { url: address, stop } = await server.startStubServer(handle, options, state.violations);
  return Object.assign(state, { address, stop });
}
