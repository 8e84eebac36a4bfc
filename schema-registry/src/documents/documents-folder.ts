import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isClientName } from './client-name.ts';
import type { DocumentSource } from './document-source.ts';

/** The manifests that ship with this checkout, and beside each a folder with its sources. */
export const shippedDocumentsPath = fileURLToPath(new URL('../../documents', import.meta.url));

/** The clients that have a manifest in a folder, sorted. @throws when there is no such folder */
export async function listManifests(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter(isClientName)
    .toSorted();
}

/** The clients that have a folder of sources, sorted. */
export async function listSourceFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && isClientName(entry.name))
    .map(({ name }) => name)
    .toSorted();
}

/** The documents in `<folder>/<client>/`, by file name. */
export async function readSourceFolder(folder: string, client: string): Promise<DocumentSource[]> {
  const files = (await readdir(join(folder, client))).filter((file) => file.endsWith('.graphql'));
  const read = files.toSorted().map(async (file) => ({
    path: `${client}/${file}`,
    text: await readFile(join(folder, client, file), 'utf8'),
  }));
  return Promise.all(read);
}
