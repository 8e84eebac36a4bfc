import { join } from 'node:path';
import { parseJson } from '@caregraph/files';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { isSigned, type ErasureSigner } from './erasure-signature.ts';
import { readOwnFile } from './own-file.ts';

const listMarker = z.strictObject({
  list: z.strictObject({ version: z.literal(1), startedAt: z.iso.datetime() }),
  signature: z.string(),
});

/** Says that a folder is the list of erasures of a deployment, also while it names nobody. */
export type ListMarker = z.infer<typeof listMarker>;

/** Where the marker of a list lies. */
export function markerPath(directory: string): string {
  return join(directory, 'list.json');
}

export async function makeListMarker(sign: ErasureSigner, at: Date): Promise<ListMarker> {
  const list = { version: 1, startedAt: at.toISOString() } as const;
  return { list, signature: await sign('list', list) };
}

/**
 * Tells whether a folder has the marker.
 *
 * @throws Error naming a marker that is damaged, not signed by one of the keys, or a link
 */
export async function isMarked(directory: string, keys: JSONWebKeySet): Promise<boolean> {
  const path = markerPath(directory);
  const text = await readOwnFile(path);
  if (text === undefined) return false;
  const parsed = listMarker.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(`${path} is damaged: restore it from the backup of the list of erasures`);
  }
  if (await isSigned('list', parsed.data.list, parsed.data.signature, keys)) return true;
  throw new Error(`${path} is not signed by this deployment: it is the list of another one`);
}
