import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '@caregraph/access';
import { readIfThere, replaceFile } from '@caregraph/files';
import { listManifests } from './documents-folder.ts';
import { hasValidSignature, signManifest } from './manifest-signature.ts';

/**
 * Signs every manifest of a folder that has no valid signature yet. The embedded profile does so at
 * start: its manifests come with its code, and whoever could change the one could change the other.
 *
 * @param options.signatures folder for `<client>.json.jws`; made when it is missing
 * @returns the clients whose manifests were signed now
 */
export async function signUnsignedManifests(options: {
  readonly manifests: string;
  readonly signatures: string;
  readonly key: SigningKey;
}): Promise<string[]> {
  const { manifests, signatures, key } = options;
  const signed: string[] = [];
  for (const client of await listManifests(manifests)) {
    const bytes = await readFile(join(manifests, `${client}.json`));
    const known = await readIfThere(join(signatures, `${client}.json.jws`));
    const keys = { keys: [key.publicJwk] };
    if (known !== undefined && (await hasValidSignature(client, bytes, known, keys))) continue;
    await writeSignature(signatures, client, await signManifest(client, bytes, key));
    signed.push(client);
  }
  return signed;
}

/** Puts a signature in place in one step: a router that watches never sees half of one. */
export async function writeSignature(
  folder: string,
  client: string,
  signature: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, `${client}.json.jws`), `${signature}\n`, 0o644);
}
