import type { JSONWebKeySet } from 'jose';
import { isSignedDetached, signDetached, type SigningKey } from '@caregraph/access';

/**
 * Threat: a signed manifest is put in place under another client's name. Defence: the protected
 * header names the client.
 */
const signedFor = (client: string) => ({ typ: 'caregraph-documents+jws', client });

/**
 * Signs the exact bytes of a manifest.
 *
 * @returns a detached JWS, `header..signature`, to be kept beside the manifest as `<client>.json.jws`
 */
export function signManifest(client: string, bytes: Uint8Array, key: SigningKey): Promise<string> {
  return signDetached(bytes, signedFor(client), key);
}

/**
 * Tells whether a signature of one of the keys stands for this manifest of this client.
 *
 * @param keys public keys as a JWK set
 * @returns false for anything that is not such a signature; other failures throw
 */
export function hasValidSignature(
  client: string,
  bytes: Uint8Array,
  signature: string,
  keys: JSONWebKeySet,
): Promise<boolean> {
  return isSignedDetached(bytes, signedFor(client), signature, keys);
}
