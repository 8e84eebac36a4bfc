import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parseJson } from '@caregraph/files';
import { JSONParser } from '@streamparser/json';
import type { IssueCode } from '../issue.ts';
import type { SourceFile } from './find-files.ts';

/** One resource as it stands in a file, or the reason why the file gives no more. */
export type SourceItem =
  | {
      readonly path: string;
      readonly resource: unknown;
      readonly fullUrl?: string | undefined;
      readonly issue?: never;
    }
  | { readonly path: string; readonly issue: IssueCode; readonly lost: 'RECORD' | 'FILE' };

/** A file that holds one resource is read whole; bundles and NDJSON never are. */
const maxSingleResourceBytes = 32 * 1024 * 1024;

/**
 * Reads a bundle, an NDJSON file or a single resource, one resource at a time: what is in memory
 * is a chunk of the file and the entry that it is in.
 *
 * @param onBytes told of every chunk, for the progress
 * @example for await (const { path, resource } of readResources(file, () => undefined)) …
 */
export async function* readResources(
  file: SourceFile,
  onBytes: (bytes: number) => void,
): AsyncGenerator<SourceItem> {
  const read = isLines(file) ? readLines : readBundle;
  try {
    yield* read(file, openFile(file, onBytes));
  } catch (error) {
    if (!isFileError(error)) throw error;
    yield { path: '$', issue: 'FILE_UNREADABLE', lost: 'FILE' };
  }
}

function isLines({ path }: SourceFile): boolean {
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(path);
}

function openFile({ path }: SourceFile, onBytes: (bytes: number) => void): Readable {
  const raw = createReadStream(path, { highWaterMark: 256 * 1024 });
  raw.on('data', (chunk) => onBytes(chunk.length));
  if (!/\.gz$/i.test(path)) return raw;
  const plain = createGunzip();
  raw.on('error', (error) => plain.destroy(error));
  return raw.pipe(plain);
}

/** Errors of the file system and of zlib carry a code; ours in between do not. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^[EZ]/.test(String(error.code));
}

async function* readLines(_file: SourceFile, stream: Readable): AsyncGenerator<SourceItem> {
  let number = 0;
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    number += 1;
    const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() === '') continue;
    const path = `line[${number}]`;
    const resource = parseJson(text);
    if (resource === undefined) yield { path, issue: 'JSON_MALFORMED', lost: 'RECORD' };
    else yield { path, resource };
  }
}

async function* readBundle(file: SourceFile, stream: Readable): AsyncGenerator<SourceItem> {
  const bundle = createBundleParser();
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const isBroken = !bundle.write(chunk);
    yield* bundle.take();
    if (isBroken) {
      yield { path: `$ (byte ${bundle.offset()})`, issue: 'JSON_MALFORMED', lost: 'FILE' };
      return;
    }
  }
  if (!bundle.isComplete()) {
    yield { path: `$ (byte ${bundle.offset()})`, issue: 'JSON_TRUNCATED', lost: 'FILE' };
  } else if (bundle.type() !== 'Bundle') {
    yield await readSingle(file, stream);
  }
}

async function readSingle(file: SourceFile, stream: Readable): Promise<SourceItem> {
  stream.destroy();
  if (file.bytes > maxSingleResourceBytes || /\.gz$/i.test(file.path)) {
    return { path: '$', issue: 'NOT_FHIR', lost: 'FILE' };
  }
  const text = await readFile(file.path, 'utf8');
  return { path: '$', resource: parseJson(text.replace(/^\uFEFF/, '')) };
}

function createBundleParser() {
  const parser = new JSONParser({ paths: ['$.resourceType', '$.entry.*'], keepStack: false });
  let items: SourceItem[] = [];
  let type: unknown;
  let bytes = 0;
  let broken = false;
  let isFirst = true;
  parser.onValue = ({ value, key }) => {
    // Entries are numbered, and the type of the bundle is named.
    if (typeof key === 'number') items.push(entryItem(key, value));
    else type = value;
  };
  parser.onError = () => {
    broken = true;
  };
  return {
    /** False when the text is no JSON. */
    write(chunk: Uint8Array): boolean {
      const text = isFirst && startsWithMark(chunk) ? chunk.subarray(3) : chunk;
      isFirst = false;
      bytes += chunk.length;
      parser.write(text);
      return !broken;
    },
    take(): SourceItem[] {
      const taken = items;
      items = [];
      return taken;
    },
    isComplete: () => parser.isEnded,
    type: () => type,
    /** How far the text was read, in bytes, to the chunk. */
    offset: () => bytes,
  };
}

/** The byte order mark that some exports put before JSON. */
function startsWithMark(chunk: Uint8Array): boolean {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
}

function entryItem(index: number, entry: unknown): SourceItem {
  const path = `entry[${index}]`;
  if (typeof entry !== 'object' || entry === null || !('resource' in entry)) {
    return { path, issue: 'NOT_FHIR', lost: 'RECORD' };
  }
  const fullUrl = 'fullUrl' in entry ? entry.fullUrl : undefined;
  return {
    path: `${path}.resource`,
    resource: entry.resource,
    fullUrl: typeof fullUrl === 'string' ? fullUrl : undefined,
  };
}
