import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { whenMissing } from '@caregraph/files';
import type { JSONWebKeySet } from 'jose';
import type { Logger } from '@caregraph/observability';
import {
  hasValidSignature,
  listManifests,
  readManifest,
  type RegisteredOperation,
} from '@caregraph/schema-registry';
import type { DocumentSet, DocumentSource } from './document-source.ts';

export interface DocumentFolderOptions {
  /** Holds `<client>.json`. */
  readonly manifests: string;
  /** Holds `<client>.json.jws`. */
  readonly signatures: string;
  /** The public keys of those who may register documents, read anew with each change. */
  readonly keys: () => Promise<JSONWebKeySet>;
  readonly pollMs: number;
  readonly log: Logger;
}

interface Known {
  /** Of the files, so that a file that was refused once is not read and reported again. */
  readonly fingerprint: string;
  /** Undefined when no valid manifest was seen yet. */
  readonly operations: ReadonlyMap<string, RegisteredOperation> | undefined;
}

/**
 * Signed manifests in a folder that a deployment may change under a running router.
 *
 * Threat: whoever can write into the folder registers documents. Defence: a manifest without a
 * valid signature for its client is not loaded; the one before stays. At start such a client has no
 * documents, so that the damaged file of one partner does not keep everyone else out. When no
 * manifest at all is valid the keys or the folder are wrong, and the router does not start.
 */
export function documentFolder(options: DocumentFolderOptions): DocumentSource {
  let known: ReadonlyMap<string, Known> = new Map();
  return {
    async load() {
      known = await readFolder(known, options);
      const documents = setOf(known);
      if (known.size > 0 && documents.size === 0) {
        throw new Error(`no manifest in ${options.manifests} has a valid signature`);
      }
      return documents;
    },
    watch(changed) {
      return poll(options.pollMs, async () => {
        try {
          const now = await readFolder(known, options);
          const same =
            now.size === known.size && [...now].every(([c, one]) => known.get(c) === one);
          known = now;
          if (!same) changed(setOf(now));
        } catch (error) {
          options.log.error('documents could not be read; those before stay', { error });
        }
      });
    },
  };
}

/** Polled like the supergraph: file events are lost on network and overlay volumes. */
function poll(everyMs: number, look: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const later = () => {
    if (stopped) return;
    timer = setTimeout(() => void look().finally(later), everyMs);
    timer.unref();
  };
  later();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function readFolder(
  before: ReadonlyMap<string, Known>,
  options: DocumentFolderOptions,
): Promise<ReadonlyMap<string, Known>> {
  const now = new Map<string, Known>();
  for (const client of await listManifests(options.manifests)) {
    const old = before.get(client);
    const fingerprint = await fingerprintOf(client, options);
    now.set(client, old?.fingerprint === fingerprint ? old : await read(client, fingerprint));
  }
  return now;

  async function read(client: string, fingerprint: string): Promise<Known> {
    const path = `${client}.json`;
    const reading = await readSigned(client, options);
    if (typeof reading !== 'string') {
      options.log.info('documents loaded', { path, count: reading.size });
      return { fingerprint, operations: reading };
    }
    options.log.error('documents refused; those before stay', { path, reason: reading });
    return { fingerprint, operations: before.get(client)?.operations };
  }
}

/** @returns the documents by id, or why the manifest is refused */
async function readSigned(
  client: string,
  { manifests, signatures, keys }: DocumentFolderOptions,
): Promise<ReadonlyMap<string, RegisteredOperation> | string> {
  const bytes = await readFile(join(manifests, `${client}.json`));
  const signature = await readFile(join(signatures, `${client}.json.jws`), 'utf8').catch(
    whenMissing(undefined),
  );
  if (signature === undefined) return 'it is not signed';
  if (!(await hasValidSignature(client, bytes, signature, await keys()))) {
    return 'its signature is not valid';
  }
  const reading = readManifest(bytes.toString('utf8'));
  if (reading.kind === 'refused') return reading.problems.join('; ');
  return new Map(reading.manifest.operations.map((operation) => [operation.id, operation]));
}

async function fingerprintOf(
  client: string,
  { manifests, signatures }: DocumentFolderOptions,
): Promise<string> {
  const files = [join(manifests, `${client}.json`), join(signatures, `${client}.json.jws`)];
  const states = await Promise.all(
    files.map((path) => stat(path, { bigint: true }).catch(whenMissing(undefined))),
  );
  return states.map((one) => (one ? `${one.mtimeNs} ${one.size} ${one.ino}` : 'none')).join(', ');
}

function setOf(known: ReadonlyMap<string, Known>): DocumentSet {
  const documents = new Map<string, ReadonlyMap<string, RegisteredOperation>>();
  for (const [client, { operations }] of known) {
    if (operations) documents.set(client, operations);
  }
  return documents;
}
