import { systemClock, type Clock } from '@caregraph/clock';
import { checkFitForKeys } from '../fit-for-keys.ts';
import { KeyServiceError } from '../key-service-error.ts';
import { realWait, withRetries, type Wait } from '../retry.ts';
import {
  readBatch,
  readTransitKey,
  type BatchResult,
  type TransitKeyState,
} from './transit-answer.ts';
import { createVaultClient, type VaultCall } from './vault-client.ts';
import { createVaultSession } from './vault-session.ts';
import type { VaultAuth } from './vault-sign-in.ts';
import { createVaultTransport } from './vault-transport.ts';

export interface VaultTransitOptions {
  /** Of the server, e.g. `https://vault.example.org:8200`; plain HTTP on this machine alone. */
  readonly address: string;
  /** Vault Enterprise and OpenBao. */
  readonly namespace?: string | undefined;
  readonly mount: string;
  /** Of type aes256-gcm96, made with `derived=true`. */
  readonly key: string;
  readonly auth: VaultAuth;
  /** PEM. In place of the authorities that Node knows. */
  readonly ca?: string | undefined;
  /** For one call, in milliseconds; a call that changes nothing is tried three times. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
  readonly wait?: Wait;
  /** Is told when the lease could not be renewed in the background. */
  readonly onFault?: (fault: KeyServiceError) => void;
}

/** One key of the transit engine, and what can be asked of it. */
export interface TransitKey {
  /** @throws KeyServiceError KEY_SERVICE_UNAVAILABLE once it is closed */
  checkOpen(): void;
  /** What Vault says of the key now; a key that does not do is an error. */
  describe(): Promise<TransitKeyState>;
  batch(
    operation: 'encrypt' | 'decrypt' | 'rewrap',
    items: readonly object[],
  ): Promise<BatchResult[]>;
  /** Changes the key; tried once. */
  change(path: 'rotate' | 'config' | 'trim', body: object): Promise<void>;
  close(): void;
}

/** @throws TypeError when the address is neither https nor on this machine */
export function createTransitKey(options: VaultTransitOptions): TransitKey {
  const { mount, key, wait = realWait } = options;
  const vault = createVaultCalls(options);
  let keyChecked: Promise<unknown> | undefined;
  let closed = false;

  const checkOpen = () => {
    if (closed) throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'the service was closed');
  };
  const describe = async () => {
    checkOpen();
    const path = `${mount}/keys/${key}`;
    return readTransitKey(await withRetries(() => vault.call({ method: 'GET', path }), wait));
  };
  /** Once: Vault would make a missing key by itself when our policy allows it to. */
  const checkKey = async () => {
    keyChecked ??= describe();
    await keyChecked.catch((error: unknown) => {
      keyChecked = undefined;
      throw error;
    });
  };
  return {
    checkOpen,
    describe,
    async batch(operation, items) {
      await checkKey();
      checkOpen();
      const path = `${mount}/${operation}/${key}`;
      const body = { batch_input: items };
      const answer = await withRetries(() => vault.call({ method: 'POST', path, body }), wait);
      return readBatch(answer, items.length);
    },
    async change(path, body) {
      checkOpen();
      await vault.call({ method: 'POST', path: `${mount}/keys/${key}/${path}`, body });
    },
    close() {
      closed = true;
      vault.close();
    },
  };
}

/** One call with our token; when it is denied, one more with another token. */
function createVaultCalls(options: VaultTransitOptions) {
  const { address, namespace, ca, timeoutMs, auth, clock = systemClock, onFault } = options;
  checkFitForKeys(address, 'The address of Vault');
  const transport = createVaultTransport({ timeoutMs, ca });
  const client = createVaultClient({ address, namespace, transport });
  const session = createVaultSession({ client, auth, clock, onFault });
  return {
    async call(call: VaultCall): Promise<unknown> {
      const token = await session.token();
      try {
        return await client.call({ ...call, token });
      } catch (error) {
        const denied = error instanceof KeyServiceError && error.code === 'KEY_SERVICE_DENIED';
        if (!denied || !(await session.replaced(token))) throw error;
        return await client.call({ ...call, token: await session.token() });
      }
    },
    close() {
      session.close();
      transport.close();
    },
  };
}
