import { createBlindIndexer, plainCodec, type SealingDependencies } from '@caregraph/encryption';
import {
  nameQuery,
  nameTokens,
  normalizeIdentifier,
  normalizePhone,
} from '@caregraph/name-matching';
import type { PayloadSeal } from './operation/operation-engine.ts';

/** How a deployment seals fields and keys their blind indexes. */
export interface Sealing extends SealingDependencies {
  /** Seals what an operation must keep. */
  readonly sealPayload: PayloadSeal;
}

/**
 * Creates the sealing of all stores: the one place through which sensitive fields pass.
 *
 * @param options.blindIndexKey at least 32 bytes
 * @param options.phoneRegion ISO 3166-1 region of numbers written without a country code
 */
export function createSealing(options: {
  blindIndexKey: Uint8Array;
  phoneRegion: string;
}): Sealing {
  const codec = plainCodec;
  const blindIndexer = createBlindIndexer({
    key: options.blindIndexKey,
    normalizers: {
      name: (value, { purpose, aspect }) =>
        purpose === 'write' ? tokensOf(value) : asked(value, aspect),
      phone: (value) => present(normalizePhone(value, options.phoneRegion)),
      identifier: (value, { companion }) => present(normalizeIdentifier(companion ?? '', value)),
      exact: (value) => [value],
    },
  });
  return {
    codec,
    blindIndexer,
    async sealPayload(payload, operationId) {
      const plain = new TextEncoder().encode(JSON.stringify(payload));
      const place = { store: 'operation', model: 'OperationRecord', field: 'sealedPayload' };
      const requests = [{ ...place, rowId: operationId, ownerId: operationId, plain }];
      const [sealed] = await codec.sealMany(requests);
      if (sealed === undefined) throw new Error('the codec sealed nothing');
      return sealed;
    },
  };
}

/** Prefixes and sounds live in one column; the letter before tells them apart. */
function tokensOf(name: string): string[] {
  const { prefixes, phonetic } = nameTokens(name);
  return [...prefixes.map((one) => `=${one}`), ...phonetic.map((one) => `~${one}`)];
}

/**
 * A search asks for words by their `beginning`, by their `sound`, or by both; the store compares what
 * it has opened.
 */
function asked(query: string, aspect: string | null): string[] {
  const words = nameQuery(query).indexed;
  const beginnings = words.map(({ beginning }) => `=${beginning}`);
  const sounds = words.map(({ sound }) => `~${sound}`);
  if (aspect === 'beginning') return beginnings;
  return aspect === 'sound' ? sounds : [...beginnings, ...sounds];
}

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}
