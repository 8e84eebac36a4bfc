import { mkdir, rm } from 'node:fs/promises';
import { createFile, type FileMode } from '@caregraph/files';

export type PlannedFile = readonly [path: string, mode: FileMode, content: string];

/** Files that one run makes: all of them stay, or none. */
export interface MadeFiles {
  /** Makes a folder of ours alone; one that is there stays as it is. */
  folder(path: string): Promise<void>;
  /** @throws Error naming the file when it is there already */
  file(planned: PlannedFile): Promise<void>;
  /** Notes a file that something else is about to make, where there is none yet. */
  willBeMade(path: string): void;
  /** Removes what this run has made, and nothing else. */
  removeAll(): Promise<void>;
}

/** @example const made = createMadeFiles(); await made.file(['/srv/a', 0o600, 'secret']); */
export function createMadeFiles(): MadeFiles {
  const made: string[] = [];
  return {
    async folder(path) {
      const first = await mkdir(path, { recursive: true, mode: 0o700 });
      if (first !== undefined) made.push(path);
    },
    async file([path, mode, content]) {
      if (!(await createFile(path, content, mode))) throw thereAlready(path);
      made.push(path);
    },
    willBeMade: (path) => void made.push(path),
    async removeAll() {
      for (const path of made.toReversed()) await rm(path, { recursive: true, force: true });
    },
  };
}

export const thereAlready = (path: string) =>
  new Error(`${path} is there already and is left as it is`);
