import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';

/** A file to be read. */
export interface SourceFile {
  /** For opening it. */
  readonly path: string;
  /** For people: relative to the folder that was asked for. */
  readonly name: string;
  readonly bytes: number;
}

const resourceFile = /\.(json|ndjson|jsonl)(\.gz)?$/i;

/**
 * The files to import, in an order that does not depend on the file system, so that a second run
 * reads the same. A folder stands for its JSON and NDJSON files at any depth.
 *
 * @throws the file system's error when a path that was asked for does not exist
 */
export async function findFiles(asked: readonly string[]): Promise<SourceFile[]> {
  const found = new Map<string, SourceFile>();
  for (const path of asked) {
    const status = await stat(path);
    if (!status.isDirectory()) {
      found.set(path, { path, name: basename(path), bytes: status.size });
      continue;
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && resourceFile.test(entry.name));
    for (const entry of files) {
      const file = join(entry.parentPath, entry.name);
      const { size: bytes } = await stat(file);
      found.set(file, { path: file, name: relative(path, file), bytes });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
