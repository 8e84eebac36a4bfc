import { z } from 'zod';
import { KeyServiceError } from '../key-service-error.ts';
import { keyBytes, refused } from '../key-request.ts';
import type { UnwrapRequest, WrappedKey } from '../key-service.ts';
import { invalidAnswer } from './vault-transport.ts';

/** What `GET <mount>/keys/<name>` says of the KEK. */
export interface TransitKeyState {
  readonly newest: number;
  readonly minDecryption: number;
  /** 0: the newest alone. */
  readonly minEncryption: number;
  readonly minAvailable: number;
}

const count = z.number().int().min(0);
const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    derived: z.boolean(),
    convergent_encryption: z.boolean().default(false),
    exportable: z.boolean(),
    allow_plaintext_backup: z.boolean().default(false),
    latest_version: count.min(1),
    min_decryption_version: count,
    min_encryption_version: count,
    min_available_version: count.default(0),
  }),
});

/**
 * Threats: a key that is not derived ignores the context, so that a wrapped key could be moved; a
 * key that may be exported can leave Vault. Defence: such keys are not used at all.
 *
 * @throws KeyServiceError KEY_SERVICE_MISCONFIGURED with what is wrong with the key
 */
export function readTransitKey(answer: unknown): TransitKeyState {
  const parsed = keyAnswer.safeParse(answer);
  if (!parsed.success) throw invalidAnswer('Vault does not describe the transit key as it should');
  const { data } = parsed.data;
  const wrong = [
    [data.type !== 'aes256-gcm96', 'is not of type aes256-gcm96'],
    [!data.derived, 'was made without derived=true, so it would not bind the context'],
    [data.convergent_encryption, 'is convergent, so equal keys would look equal'],
    [data.exportable || data.allow_plaintext_backup, 'may be exported or backed up in plain'],
  ].find(([applies]) => applies);
  if (wrong !== undefined) {
    throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', `the transit key ${String(wrong[1])}`);
  }
  return {
    newest: data.latest_version,
    minDecryption: data.min_decryption_version,
    minEncryption: data.min_encryption_version,
    minAvailable: data.min_available_version,
  };
}

const batchResults = z.object({
  data: z.object({
    batch_results: z.array(
      z.object({
        error: z.string().optional(),
        ciphertext: z.string().optional(),
        plaintext: z.string().optional(),
      }),
    ),
  }),
});

export type BatchResult = z.infer<typeof batchResults>['data']['batch_results'][number];

/** The results of one batch, as many as were asked for. */
export function readBatch(answer: unknown, expected: number): BatchResult[] {
  const parsed = batchResults.safeParse(answer);
  if (!parsed.success) throw invalidAnswer('Vault answered a batch without its results');
  const results = parsed.data.data.batch_results;
  if (results.length === expected) return results;
  throw invalidAnswer(`Vault answered ${results.length} results to ${expected} requests`);
}

const ciphertextPattern =
  /^vault:v([1-9]\d{0,9}):((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** A wrapped key is the text that Vault gave, as ASCII. */
export function readCiphertext(result: BatchResult): WrappedKey {
  const text = result.ciphertext ?? '';
  const version = versionIn(text);
  if (version === undefined) throw invalidAnswer('Vault answered a batch without a ciphertext');
  return { kekVersion: version, wrapped: Uint8Array.from(Buffer.from(text, 'ascii')) };
}

/** The text to send. @throws KeyServiceError when Vault cannot have written it */
export function ciphertextOf({ wrapped, kekVersion }: UnwrapRequest): string {
  const text = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength).toString(
    'latin1',
  );
  const version = versionIn(text);
  if (version === undefined) throw refused('it was not wrapped by Vault transit');
  if (version !== kekVersion) throw refused('it names another version than stands beside it');
  return text;
}

/** @returns a fresh buffer that is not a part of Node's pool, so that wiping it wipes the key */
export function readKey(result: BatchResult): Uint8Array {
  const text = result.plaintext ?? '';
  const bytes = Buffer.from(text, 'base64');
  const key = Uint8Array.from(bytes);
  // Node skips what is not base64: a damaged answer would pass as a shorter key.
  const exact = bytes.toString('base64') === text && key.length === keyBytes;
  bytes.fill(0);
  if (exact) return key;
  key.fill(0);
  throw invalidAnswer(`Vault opened a key that is not ${keyBytes} bytes`);
}

function versionIn(text: string): number | undefined {
  const version = ciphertextPattern.exec(text)?.[1];
  return version === undefined ? undefined : Number(version);
}
