import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Logger } from '@caregraph/observability';
import { documentFolder } from './document-folder.ts';
import type { DocumentSource } from './document-source.ts';

const base64Url = z.string().regex(/^[\w-]+$/);
/** Strict: a private key in a file that every router reads would let every router sign. */
const publicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64Url,
  y: base64Url,
  kid: z.string().min(1),
  alg: z.literal('ES256').optional(),
  use: z.literal('sig').optional(),
});
const keySet = z.strictObject({ keys: z.array(publicKey).min(1) });

/**
 * The registered documents of the full profile: manifests with their signatures beside them.
 *
 * @param place.folder holds `<client>.json` and `<client>.json.jws`
 * @param place.keysFile a JWK set of public P-256 keys; read anew whenever a manifest changes, so
 *   that a new key is put there first and signs afterwards
 */
export function signedDocuments(
  place: { readonly folder: string; readonly keysFile: string },
  pollMs: number,
  log: Logger,
): DocumentSource {
  const { folder, keysFile } = place;
  const keys = async () => {
    const parsed = keySet.safeParse(JSON.parse(await readFile(keysFile, 'utf8')));
    if (!parsed.success) throw new Error(`${keysFile} is not a set of public P-256 keys`);
    return { keys: parsed.data.keys.map(({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid })) };
  };
  return documentFolder({ manifests: folder, signatures: folder, keys, pollMs, log });
}
