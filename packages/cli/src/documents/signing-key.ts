import type { SigningKey } from '@caregraph/access';
import { readOrMakeKeys } from '@caregraph/deployment';
import { parseJson, readPrivateFile } from '@caregraph/files';
import { z } from 'zod';

const privateKey = z.object({
  ...{ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string().min(1) },
  ...{ x: z.string().min(1), y: z.string().min(1), d: z.string().min(1) },
});

/** The embedded deployment's own key for manifests. */
export async function embeddedSigningKey(dataDirectory: string): Promise<SigningKey> {
  return (await readOrMakeKeys(dataDirectory)).documentSigning;
}

/**
 * A key that somebody keeps for signing manifests.
 *
 * @param path a private P-256 JWK with a `kid`
 * @throws Error when others may read it, or it is no such key; never with what it holds
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const parsed = privateKey.safeParse(parseJson(await readPrivateFile(path)));
  if (!parsed.success) throw new Error(`${path} is not a private P-256 JWK with a kid`);
  const { d, ...publicJwk } = parsed.data;
  return { keyId: publicJwk.kid, privateJwk: { ...publicJwk, d }, publicJwk };
}
