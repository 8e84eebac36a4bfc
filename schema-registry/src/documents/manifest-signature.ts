import {
  createLocalJWKSet,
  errors,
  FlattenedSign,
  flattenedVerify,
  importJWK,
  type JSONWebKeySet,
  type JWK,
} from 'jose';

/** Tells a signed manifest from everything else that the same key might sign. */
const signatureType = 'caregraph-documents+jws';

/** Whose signature a manifest carries; the private half never leaves its 0600 file. */
export interface DocumentSigningKey {
  readonly keyId: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

/**
 * Signs the exact bytes of a manifest: detached JWS, ES256 (RFC 7515 appendix F).
 *
 * Threat: a signed manifest is put in place under another client's name. Defence: the protected
 * header names the client.
 *
 * @returns `header..signature`, to be kept beside the manifest as `<client>.json.jws`
 */
export async function signManifest(
  client: string,
  bytes: Uint8Array,
  key: DocumentSigningKey,
): Promise<string> {
  const signed = await new FlattenedSign(bytes)
    .setProtectedHeader({ alg: 'ES256', typ: signatureType, kid: key.keyId, client })
    .sign(await importJWK(key.privateJwk, 'ES256'));
  return `${signed.protected}..${signed.signature}`;
}

/**
 * Tells whether a signature of one of the keys stands for this manifest of this client.
 *
 * @param keys public keys as a JWK set
 * @returns false for anything that is not such a signature; other failures throw
 */
export async function hasValidSignature(
  client: string,
  bytes: Uint8Array,
  signature: string,
  keys: JSONWebKeySet,
): Promise<boolean> {
  const [, header, made] = /^([\w-]{1,1000})\.\.([\w-]{86})$/.exec(signature.trim()) ?? [];
  if (header === undefined || made === undefined) return false;
  try {
    const payload = Buffer.from(bytes).toString('base64url');
    const { protectedHeader } = await flattenedVerify(
      { protected: header, payload, signature: made },
      createLocalJWKSet(keys),
      { algorithms: ['ES256'] },
    );
    return protectedHeader?.typ === signatureType && protectedHeader['client'] === client;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
