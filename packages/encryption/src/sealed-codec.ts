import { keyObjectsOfOneWork, type KeyObjects } from './cipher/aes-gcm.ts';
import { keyIdOf, maxPlainBytes, openValue, sealValue } from './cipher/field-cipher.ts';
import type { DataKey } from './cipher/data-key.ts';
import { createNonceSource } from './cipher/nonce-source.ts';
import type { FieldCodec, OpenRequest, SealRequest } from './field-codec.ts';
import type { Keyring } from './keyring/keyring.ts';
import { faultOr, SealError } from './seal-error.ts';

/** The format of stores from before there was encryption: a version byte 0 and the plain bytes. */
const plainVersion = 0;

/**
 * The codec that encrypts: AES-256-GCM with a key for each owner, by FORMAT.md. A statement asks
 * for all the keys it needs at once; sealing and opening themselves wait for nothing.
 *
 * @param deps.takesPlain whether values of version 0 still open: only until the store is sealed
 * @example createSealedCodec({ keyring, takesPlain: () => !sealedState.isSealed() });
 */
export function createSealedCodec(deps: {
  readonly keyring: Keyring;
  readonly takesPlain: () => boolean;
}): FieldCodec {
  const nextNonce = createNonceSource();
  return {
    async sealMany(requests) {
      for (const request of requests) refuseLarge(request);
      const seals = new Map<string, number>();
      for (const { ownerId } of requests) seals.set(ownerId, (seals.get(ownerId) ?? 0) + 1);
      return deps.keyring.seal(seals, (keyOf) => {
        const objectOf = keyObjectsOfOneWork();
        return requests.map((request) =>
          sealValue(keyOf(request.ownerId), request, request.plain, nextNonce(), objectOf),
        );
      });
    },
    async openMany(requests) {
      const keyIds = new Set<string>();
      const ids = requests.map(({ sealed }) => keyIdOf(sealed));
      for (const keyId of ids) if (keyId !== undefined) keyIds.add(keyId);
      const takesPlain = deps.takesPlain();
      return deps.keyring.open(keyIds, (keyOf) => {
        const from = { keyOf, takesPlain, objectOf: keyObjectsOfOneWork() };
        return requests.map((request, at) => faultOr(() => openOne(request, ids[at], from)));
      });
    },
  };
}

function refuseLarge(request: SealRequest): void {
  if (request.plain.length <= maxPlainBytes) return;
  throw new SealError('SEAL_VALUE_INVALID', request, 'a sealed value has at most 1 MiB');
}

interface OpenWith {
  readonly keyOf: (keyId: string) => DataKey | undefined;
  readonly takesPlain: boolean;
  readonly objectOf: KeyObjects;
}

function openOne(
  request: OpenRequest,
  keyId: string | undefined,
  { keyOf, takesPlain, objectOf }: OpenWith,
): Uint8Array {
  const { sealed } = request;
  if (sealed[0] === plainVersion) return openPlain(request, takesPlain);
  if (keyId === undefined) {
    throw new SealError('SEAL_VERSION_UNKNOWN', request, 'the bytes are of no known format');
  }
  const key = keyOf(keyId);
  if (key === undefined) {
    throw new SealError('SEAL_KEY_UNKNOWN', request, 'its key is not in the key database');
  }
  // Threat: a row is hung under another patient, whose readers then see it. Defence: a key opens
  // for the owner that it was made for alone.
  if (key.ownerId !== request.ownerId) {
    throw new SealError('SEAL_OPEN_REFUSED', request, 'its key is of another owner');
  }
  const plain = openValue(key, request, sealed, objectOf);
  if (typeof plain !== 'string') return plain;
  throw new SealError(
    'SEAL_OPEN_REFUSED',
    request,
    'the value was changed or does not belong here',
  );
}

/**
 * Threat: whoever can write the database puts plain bytes in place of a sealed value. Defence: once
 * the store was sealed, plain bytes are refused.
 */
function openPlain(request: OpenRequest, takesPlain: boolean): Uint8Array {
  if (takesPlain) return request.sealed.subarray(1);
  throw new SealError('SEAL_NOT_SEALED', request, 'plain bytes in a store that is sealed');
}
