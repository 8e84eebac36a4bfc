import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Json, Strictness } from '../test-stub-server.ts';

/** What Vault answers in place of a result. */
export class VaultRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
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

/** A result of a batch. */
export interface BatchItem {
  ciphertext?: string;
  plaintext?: string;
  key_version?: number;
  error?: string;
}

export const newTransitKey = (): TransitKeyState => ({
  type: 'aes256-gcm96',
  derived: true,
  exportable: false,
  versions: new Map([[1, randomBytes(32)]]),
  newest: 1,
  minDecryption: 1,
  minEncryption: 0,
  minAvailable: 0,
});

function derivedKey(key: TransitKeyState, version: number, context: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key.versions.get(version) ?? '', '', context, 32));
}

function encrypt(key: TransitKeyState, plain: Buffer, context: Buffer): BatchItem {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derivedKey(key, key.newest, context), nonce);
  const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const ciphertext = `vault:v${key.newest}:${bytes.toString('base64')}`;
  return { ciphertext, key_version: key.newest };
}

function decrypt(key: TransitKeyState, ciphertext: unknown, context: Buffer): Buffer | string {
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
  const decipher = createDecipheriv('aes-256-gcm', derivedKey(key, version, context), nonce);
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  } catch {
    return 'cipher: message authentication failed';
  }
}

/** Transit as far as the driver uses it: real AES-GCM with derived keys. */
export function createTransitEngine(options: {
  readonly key: TransitKeyState;
  readonly keyName: string;
  readonly strict: Strictness;
  readonly violation: (text: string) => never;
  /** What becomes of the results of a batch. */
  readonly mangled: (results: BatchItem[]) => unknown;
}) {
  const { key, keyName, violation, mangled } = options;
  const { only, decode } = options.strict;
  const batch = (operation: string, body: Json) => {
    only(body, ['batch_input']);
    const items = body['batch_input'];
    if (!Array.isArray(items) || items.length === 0) return violation('no batch_input');
    if (items.length > 250) violation('a batch is too large');
    const results = items.map((item: Json): BatchItem => {
      const context = decode(item['context']);
      if (context.length === 0) violation('missing context');
      if (operation === 'encrypt') {
        only(item, ['plaintext', 'context']);
        return encrypt(key, decode(item['plaintext']), context);
      }
      only(item, ['ciphertext', 'context']);
      const opened = decrypt(key, item['ciphertext'], context);
      if (typeof opened === 'string') return { error: opened };
      return operation === 'decrypt'
        ? { plaintext: opened.toString('base64') }
        : encrypt(key, opened, context);
    });
    // Rewrap answers 200 whatever its items say; the others 400 when one is refused.
    const failed = operation !== 'rewrap' && results.some(({ error }) => error !== undefined);
    const shown = mangled(results);
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
    if (decryption > key.newest || encryption > key.newest)
      throw new VaultRefusal(400, 'beyond latest');
    if (encryption > 0 && encryption < decryption) throw new VaultRefusal(400, 'encryption below');
    if (key.minAvailable > decryption || key.minAvailable > encryption) {
      throw new VaultRefusal(400, 'below min available version');
    }
    key.minDecryption = decryption;
    key.minEncryption = encryption;
    return described();
  };
  const trim = (body: Json) => {
    only(body, ['min_available_version']);
    const version = Number(body['min_available_version']);
    if (version < key.minAvailable || version > key.minDecryption || version > key.minEncryption) {
      throw new VaultRefusal(400, 'minimum available version out of range');
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

  /** @param operation the path below the mount */
  return (method: string, operation: string, body: Json) => {
    if (operation === `keys/${keyName}` && method === 'GET') {
      return { status: 200, body: described() };
    }
    if (method === 'GET' && operation.startsWith('keys/')) throw new VaultRefusal(404, '');
    if (method !== 'POST') throw new VaultRefusal(405, 'unsupported operation');
    if (operation === `keys/${keyName}/config`) return { status: 200, body: configure(body) };
    if (operation === `keys/${keyName}/trim`) return { status: 200, body: trim(body) };
    if (operation === `keys/${keyName}/rotate`) return { status: 204, body: rotate(body) };
    const kind = /^(encrypt|decrypt|rewrap)\/(.+)$/.exec(operation);
    if (kind?.[2] === keyName) return batch(kind[1] ?? '', body);
    const status = operation.startsWith('keys/') ? 404 : 400;
    throw new VaultRefusal(status, 'encryption key not found');
  };
}
