import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import { parseJson } from '@caregraph/files';
import type { Revocation, RevocationList } from '../revocation/revocation-list.ts';
import { signingKeyOf, type SigningKey } from '../token/issue-token.ts';
import { readKeySet } from '../token/key-set.ts';
import { createBreakGlassAccess, type BreakGlassAccess } from './break-glass-access.ts';

const privateJwk = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});

/**
 * Break-glass in a process of its own: the public keys from where they are published, the private
 * one from a file.
 *
 * @param options.keyFile path of the private JWK; the patient subgraph's alone
 * @param options.keysUrl where the public key set is: https:, or file:
 * @throws Error when a key cannot be read, without quoting it
 */
export async function connectBreakGlass(options: {
  readonly keyFile: string | undefined;
  readonly keysUrl: URL;
  readonly clock: Clock;
  readonly access: {
    readonly revocations: RevocationList;
    revoke(revocation: Revocation): Promise<void>;
  };
}): Promise<BreakGlassAccess> {
  const { keyFile, keysUrl, clock, access } = options;
  return createBreakGlassAccess({
    key: keyFile === undefined ? undefined : await readPrivateKey(keyFile),
    keys: await readKeySet(keysUrl),
    clock,
    revocations: access.revocations,
    revoke: access.revoke,
  });
}

async function readPrivateKey(path: string): Promise<SigningKey> {
  const parsed = privateJwk.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!parsed.success) throw new Error('BREAK_GLASS_KEY_FILE holds no private P-256 JWK');
  return signingKeyOf(parsed.data);
}
