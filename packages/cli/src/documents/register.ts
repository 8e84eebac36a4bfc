import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '@caregraph/access';
import { readIfThere, replaceFile } from '@caregraph/files';
import { createDocumentAssessor } from '@caregraph/router';
import {
  isClientName,
  listManifests,
  loadSupergraph,
  readManifest,
  readSourceFolder,
  registerDocuments,
  signManifest,
  writeSignature,
  type DocumentChange,
  type DocumentSource,
} from '@caregraph/schema-registry';

/** Where manifests and their signatures are, and who signs. */
export interface Registry {
  readonly manifests: string;
  readonly signatures: string;
  /** Asked only when something is signed. */
  readonly key: () => Promise<SigningKey>;
}

export interface RegistrationWish {
  readonly client: string;
  /** GraphQL files or manifests; the client's folder of sources when empty. */
  readonly files: readonly string[];
  /** Writes nothing, and tells whether something would change. */
  readonly check: boolean;
}

/**
 * Registers the documents of a client: validates, costs and signs them, and says what changed.
 *
 * @returns false when they are refused or, with `check`, when the manifest would change
 */
export async function register(
  { manifests, signatures, key }: Registry,
  { client, files, check }: RegistrationWish,
  say: (line: string) => void,
): Promise<boolean> {
  const path = join(manifests, `${client}.json`);
  const earlier = isClientName(client) ? await readIfThere(path) : undefined;
  const supergraphSdl = await loadSupergraph();
  const assess = createDocumentAssessor(supergraphSdl);
  const sources = await sourcesOf(manifests, client, files);
  const registration = registerDocuments({ client, sources, supergraphSdl, earlier, assess });
  if (registration.kind === 'refused') {
    for (const problem of registration.problems) say(`refused   ${problem}`);
    return false;
  }
  const { text, changes, costs } = registration;
  for (const change of changes) for (const line of linesOf(change, costs)) say(line);
  const current = text === earlier;
  if (current) say(`${client}: the manifest is current`);
  if (check) return current;
  // The signature first: for a moment it fits nothing, and routers keep what they have.
  await writeSignature(
    signatures,
    client,
    await signManifest(client, Buffer.from(text), await key()),
  );
  if (!current) await replaceFile(path, text, 0o644);
  say(`${client}: ${registration.manifest.operations.length} documents registered and signed`);
  return true;
}

/** One line a document, under the client it is registered for. */
export async function list(
  { manifests }: Pick<Registry, 'manifests'>,
  client: string | undefined,
  say: (line: string) => void,
): Promise<boolean> {
  const clients = await listManifests(manifests);
  if (client !== undefined && !clients.includes(client)) {
    say(`${client}: no documents are registered`);
    return false;
  }
  for (const one of client === undefined ? clients : [client]) {
    const reading = readManifest(await readFile(join(manifests, `${one}.json`), 'utf8'));
    if (reading.kind === 'refused') throw new Error(`${one}.json: ${reading.problems.join('; ')}`);
    say(one);
    for (const { id, name, type, get } of reading.manifest.operations) {
      say(`  ${id}  ${type.padEnd(8)}  ${get === true ? 'GET, POST' : 'POST     '}  ${name}`);
    }
  }
  return true;
}

function linesOf({ kind, name, breaking }: DocumentChange, costs: ReadonlyMap<string, number>) {
  const cost = costs.get(name);
  const gone = kind === 'removed' || kind === 'changed';
  return [
    `${kind.padEnd(9)} ${name}${cost === undefined ? '' : `, costs at most ${cost}`}`,
    ...(gone ? [`warning   ${name}: who still sends the id of before is refused`] : []),
    ...(kind === 'changed' ? breaking.map((why) => `breaking  ${name}: ${why}`) : []),
  ];
}

async function sourcesOf(
  manifests: string,
  client: string,
  files: readonly string[],
): Promise<DocumentSource[]> {
  if (files.length === 0) return isClientName(client) ? readSourceFolder(manifests, client) : [];
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}
