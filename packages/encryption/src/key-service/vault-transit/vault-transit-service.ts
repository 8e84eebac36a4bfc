import type { KeyService, UnwrapRequest, WrapRequest, WrappedKey } from '../key-service.ts';
import { checkRetirement, checkUnwrapRequests, checkWrapRequests } from '../key-request.ts';
import { refused, wipeAll } from '../key-request.ts';
import { ciphertextOf, readCiphertext, readKey, type BatchResult } from './transit-answer.ts';
import { createTransitKey, type TransitKey, type VaultTransitOptions } from './transit-key.ts';
import { invalidAnswer } from './vault-transport.ts';

/** As many as one call of ours may be waited for: some 40 KiB each way. */
const batchSize = 250;

/**
 * The KEK in HashiCorp Vault or OpenBao (transit secrets engine).
 *
 * The context goes along as the context of a derived key, not as `associated_data`: transit's
 * rewrap takes no associated data, so keys that are bound by it would have to be opened here to be
 * moved to a new version. With a derived key they never leave Vault, and a job that rotates needs
 * no permission to open anything.
 *
 * @throws TypeError when the address is neither https nor on this machine
 * @example createVaultTransitService({ address, mount: 'transit', key: 'caregraph', auth, timeoutMs })
 */
export function createVaultTransitService(options: VaultTransitOptions): KeyService {
  const transit = createTransitKey(options);

  return {
    kind: 'vault-transit',
    async wrapMany(requests) {
      transit.checkOpen();
      checkWrapRequests(requests);
      return await inBatches(requests, (some) => wrapBatch(transit, some));
    },
    async unwrapMany(requests) {
      transit.checkOpen();
      checkUnwrapRequests(requests);
      return await unwrapAll(transit, requests);
    },
    async rewrapMany(requests) {
      transit.checkOpen();
      checkUnwrapRequests(requests);
      const items = requests.map(itemOf);
      const moved = await inBatches(items, async (some) =>
        checkOpened(await transit.batch('rewrap', some)).map(readCiphertext),
      );
      if (moved.every((next, index) => next.kekVersion >= (requests[index]?.kekVersion ?? 0))) {
        return moved;
      }
      throw invalidAnswer('Vault rewrapped to an older version');
    },
    currentVersion: async () => (await transit.describe()).newest,
    async rotate() {
      const before = await transit.describe();
      // Not tried again: an answer that was lost may have made a version, which is harmless, but
      // trying until an answer arrives could make many.
      await transit.change('rotate', {});
      const { newest } = await transit.describe();
      if (newest > before.newest) return newest;
      throw invalidAnswer('Vault says that it rotated, but has no new version');
    },
    async retireBelow(version) {
      await retire(transit, version);
      return true;
    },
    close: async () => transit.close(),
  };
}

async function wrapBatch(
  transit: TransitKey,
  requests: readonly WrapRequest[],
): Promise<WrappedKey[]> {
  const items = requests.map((request) => ({
    plaintext: base64(request.key),
    context: base64(Buffer.from(request.context, 'ascii')),
  }));
  const results = await transit.batch('encrypt', items);
  const failed = results.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw invalidAnswer('Vault did not wrap a key of the batch');
  return results.map(readCiphertext);
}

async function unwrapAll(
  transit: TransitKey,
  requests: readonly UnwrapRequest[],
): Promise<Uint8Array[]> {
  const opened: Uint8Array[] = [];
  try {
    await inBatches(requests.map(itemOf), async (some) => {
      const results = checkOpened(await transit.batch('decrypt', some));
      for (const result of results) opened.push(readKey(result));
      return [];
    });
    transit.checkOpen();
    return opened;
  } catch (error) {
    wipeAll(opened);
    throw error;
  }
}

/**
 * Both minima before the trim, which deletes the material for good: a minimum alone could be
 * lowered again. Never below what somebody else has set.
 */
async function retire(transit: TransitKey, version: number): Promise<void> {
  const { newest, minDecryption, minEncryption, minAvailable } = await transit.describe();
  checkRetirement(version, newest);
  if (minAvailable >= version) return;
  await transit.change('config', {
    min_decryption_version: Math.max(version, minDecryption),
    min_encryption_version: Math.max(version, minDecryption, minEncryption),
  });
  await transit.change('trim', { min_available_version: version });
}

function itemOf(request: UnwrapRequest) {
  return {
    ciphertext: ciphertextOf(request),
    context: base64(Buffer.from(request.context, 'ascii')),
  };
}

/** Any error of an item means that Vault does not open it; its text says no more of use. */
function checkOpened(results: BatchResult[]): BatchResult[] {
  const bad = results.filter(({ error }) => error !== undefined).length;
  if (bad === 0) return results;
  throw refused(`Vault does not open ${bad} of ${results.length}: damaged, moved or retired`);
}

async function inBatches<T, R>(
  all: readonly T[],
  work: (some: readonly T[]) => Promise<R[]>,
): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < all.length; from += batchSize) {
    done.push(...(await work(all.slice(from, from + batchSize))));
  }
  return done;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
