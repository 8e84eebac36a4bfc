import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

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

/** What goes wrong, for so many requests; the rest is done properly. */
interface Trouble {
  sealed: boolean;
  throttled: number;
  retryAfterSeconds: number | undefined;
  failing: number;
  /** Which paths fail; all when left out. */
  failingPath: string | undefined;
  status: number;
  silent: number;
  truncated: number;
  cutOff: number;
  /** Answers by halves, and keeps the connection. */
  stalled: number;
  redirected: number;
  forbidden: boolean;
  /** Runs before a sign-in is answered. */
  beforeLogin: (() => Promise<void>) | undefined;
  /** Changes the results of a batch. */
  mangle: ((results: Result[]) => unknown) | undefined;
}

export interface TransitKeyState {
  type: string;
  derived: boolean;
  exportable: boolean;
  versions: Map<number, Buffer>;
  newest: number;
  minDecryption: number;
  minEncryption: number;
  minAvailable: number;
}

interface Result {
  ciphertext?: string;
  plaintext?: string;
  key_version?: number;
  error?: string;
}

type Json = Record<string, unknown>;

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function startVaultStub(
  options: {
    readonly namespace?: string;
    readonly mount?: string;
    readonly keyName?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<VaultStub> {
  const { namespace, mount = 'transit', keyName = 'caregraph', tls } = options;
  const key: TransitKeyState = {
    type: 'aes256-gcm96',
    derived: true,
    exportable: false,
    versions: new Map([[1, randomBytes(32)]]),
    newest: 1,
    minDecryption: 1,
    minEncryption: 0,
    minAvailable: 0,
  };
  const trouble: Trouble = {
    sealed: false,
    throttled: 0,
    retryAfterSeconds: undefined,
    failing: 0,
    failingPath: undefined,
    status: 500,
    silent: 0,
    truncated: 0,
    cutOff: 0,
    stalled: 0,
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
    throw new Refusal(400, `stub: ${text}`);
  };
  const only = (body: Json, names: string[]) => {
    const unknown = Object.keys(body).filter((name) => !names.includes(name));
    if (unknown.length > 0) violation(`unknown fields ${unknown.join(', ')}`);
  };
  const decode = (value: unknown): Buffer => {
    if (typeof value !== 'string' || Buffer.from(value, 'base64').toString('base64') !== value) {
      return violation('not base64');
    }
    return Buffer.from(value, 'base64');
  };

  const derivedKey = (version: number, context: Buffer) =>
    Buffer.from(hkdfSync('sha256', key.versions.get(version) ?? '', '', context, 32));
  const encrypt = (plain: Buffer, context: Buffer): Result => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', derivedKey(key.newest, context), nonce);
    const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const ciphertext = `vault:v${key.newest}:${bytes.toString('base64')}`;
    return { ciphertext, key_version: key.newest };
  };
  const decrypt = (ciphertext: unknown, context: Buffer): Buffer | string => {
    const parts = /^vault:v(\d+):(.+)$/.exec(String(ciphertext));
    const version = Number(parts?.[1]);
    if (parts === null) return 'invalid ciphertext: no prefix';
    if (version > key.newest) return 'invalid ciphertext: version is too new';
    if (version < key.minDecryption) {
      return 'ciphertext or signature version is disallowed by policy (too old)';
    }
    const bytes = Buffer.from(parts[2] ?? '', 'base64');
    if (bytes.length < 28) return 'invalid ciphertext length';
    const nonce = bytes.subarray(0, 12);
    const decipher = createDecipheriv('aes-256-gcm', derivedKey(version, context), nonce);
    decipher.setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    } catch {
      return 'cipher: message authentication failed';
    }
  };

  const batch = (operation: string, body: Json) => {
    only(body, ['batch_input']);
    const items = body['batch_input'];
    if (!Array.isArray(items) || items.length === 0) return violation('no batch_input');
    if (items.length > 250) violation('a batch is too large');
    const results = items.map((item: Json): Result => {
      const context = decode(item['context']);
      if (context.length === 0) violation('missing context');
      if (operation === 'encrypt') {
        only(item, ['plaintext', 'context']);
        return encrypt(decode(item['plaintext']), context);
      }
      only(item, ['ciphertext', 'context']);
      const opened = decrypt(item['ciphertext'], context);
      if (typeof opened === 'string') return { error: opened };
      return operation === 'decrypt'
        ? { plaintext: opened.toString('base64') }
        : encrypt(opened, context);
    });
    // Rewrap answers 200 whatever its items say; the others 400 when one is refused.
    const failed = operation !== 'rewrap' && results.some(({ error }) => error !== undefined);
    const shown = trouble.mangle === undefined ? results : trouble.mangle(results);
    return {
      status: failed ? 400 : 200,
      body: { request_id: randomUUID(), data: { batch_results: shown } },
    };
  };

  const described = () => ({
    request_id: randomUUID(),
    data: {
      name: keyName,
      type: key.type,
      derived: key.derived,
      exportable: key.exportable,
      allow_plaintext_backup: false,
      deletion_allowed: false,
      keys: Object.fromEntries([...key.versions.keys()].map((version) => [version, 1_700_000_000])),
      latest_version: key.newest,
      min_available_version: key.minAvailable,
      min_decryption_version: key.minDecryption,
      min_encryption_version: key.minEncryption,
      supports_encryption: true,
      supports_derivation: true,
    },
  });
  const configure = (body: Json) => {
    only(body, ['min_decryption_version', 'min_encryption_version']);
    const decryption = Number(body['min_decryption_version']);
    const encryption = Number(body['min_encryption_version']);
    if (decryption > key.newest || encryption > key.newest) throw new Refusal(400, 'beyond latest');
    if (encryption > 0 && encryption < decryption) throw new Refusal(400, 'encryption below');
    if (key.minAvailable > decryption || key.minAvailable > encryption) {
      throw new Refusal(400, 'below min available version');
    }
    key.minDecryption = decryption;
    key.minEncryption = encryption;
    return described();
  };
  const trim = (body: Json) => {
    only(body, ['min_available_version']);
    const version = Number(body['min_available_version']);
    if (version < key.minAvailable || version > key.minDecryption || version > key.minEncryption) {
      throw new Refusal(400, 'minimum available version out of range');
    }
    key.minAvailable = version;
    for (const old of [...key.versions.keys()]) if (old < version) key.versions.delete(old);
    return described();
  };
  const rotate = (body: Json) => {
    only(body, []);
    key.newest += 1;
    key.versions.set(key.newest, randomBytes(32));
    return undefined;
  };

  const answer = (method: string, path: string, body: Json, token: string | undefined) => {
    if (path === 'auth/approle/login') {
      only(body, ['role_id', 'secret_id']);
      const known = body['role_id'] === state.roleId && body['secret_id'] === state.secretId;
      if (!known) throw new Refusal(400, 'invalid role or secret ID');
      return { status: 200, body: signIn() };
    }
    if (path === 'auth/kubernetes/login') {
      only(body, ['role', 'jwt']);
      if (body['jwt'] !== state.jwt) throw new Refusal(403, 'permission denied');
      return { status: 200, body: signIn() };
    }
    if (token === undefined) throw new Refusal(400, 'missing client token');
    if (!tokens.has(token) || trouble.forbidden) throw new Refusal(403, 'permission denied');
    if (path === 'auth/token/lookup-self' && method === 'GET') {
      const ttl = token === rootToken ? 0 : state.lease.seconds;
      return { status: 200, body: { data: { ttl, renewable: token !== rootToken } } };
    }
    if (path === 'auth/token/renew-self') {
      if (!state.lease.renewable) throw new Refusal(400, 'lease is not renewable');
      only(body, ['increment']);
      return { status: 200, body: grant(token, state.lease.renewedSeconds ?? state.lease.seconds) };
    }
    if (!path.startsWith(`${mount}/`)) {
      throw new Refusal(404, `no handler for route "${path}". route entry not found.`);
    }
    const operation = path.slice(mount.length + 1);
    if (operation === `keys/${keyName}` && method === 'GET')
      return { status: 200, body: described() };
    if (method === 'GET' && operation.startsWith('keys/')) throw new Refusal(404, '');
    if (method !== 'POST') throw new Refusal(405, 'unsupported operation');
    if (operation === `keys/${keyName}/config`) return { status: 200, body: configure(body) };
    if (operation === `keys/${keyName}/trim`) return { status: 200, body: trim(body) };
    if (operation === `keys/${keyName}/rotate`) return { status: 204, body: rotate(body) };
    const kind = /^(encrypt|decrypt|rewrap)\/(.+)$/.exec(operation);
    if (kind?.[2] !== keyName)
      throw new Refusal(operation.startsWith('keys/') ? 404 : 400, 'encryption key not found');
    return batch(kind[1] ?? '', body);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = '', url = '', headers } = request;
    state.asked.push(`${method} ${url}`);
    if (url.endsWith('/login')) await trouble.beforeLogin?.();
    const send = (status: number, body: unknown, more: Record<string, string> = {}) => {
      const json = body === undefined ? '' : JSON.stringify(body);
      if (trouble.stalled > 0 && trouble.stalled-- > 0) {
        response.writeHead(status, { 'content-length': json.length });
        response.write(json.slice(0, json.length / 2));
        return;
      }
      if (trouble.cutOff > 0 && trouble.cutOff-- > 0) {
        response.writeHead(status, { 'content-length': json.length });
        response.write(json.slice(0, json.length / 2), () => response.destroy());
        return;
      }
      const shown = trouble.truncated > 0 && trouble.truncated-- > 0 ? json.slice(0, -9) : json;
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(shown);
    };
    const errors = (status: number, message: string, more = {}) =>
      send(status, { errors: [message] }, more);
    if (trouble.silent > 0 && trouble.silent-- > 0) return;
    if (trouble.sealed) return errors(503, 'Vault is sealed');
    if (trouble.throttled > 0 && trouble.throttled-- > 0) {
      const after = trouble.retryAfterSeconds;
      const more = after === undefined ? {} : { 'retry-after': String(after) };
      return errors(429, 'request path "transit": rate limit quota exceeded', more);
    }
    const failing = trouble.failingPath === undefined || url.endsWith(trouble.failingPath);
    if (failing && trouble.failing > 0 && trouble.failing-- > 0) {
      return errors(trouble.status, 'failing');
    }
    if (trouble.redirected > 0 && trouble.redirected-- > 0) {
      return send(302, undefined, { location: `https://elsewhere.invalid${url}` });
    }
    try {
      const requests = headers['x-vault-request'];
      if (requests !== 'true') violation('X-Vault-Request is missing');
      if (headers['x-vault-namespace'] !== namespace) throw new Refusal(403, 'permission denied');
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
      if (!(error instanceof Refusal)) throw error;
      errors(error.status, error.message);
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void handle(request, response).catch((error: unknown) => {
      state.violations.push(String(error));
      response.destroy();
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    address: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
