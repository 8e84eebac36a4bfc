import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from '@caregraph/observability';

/** Where the router gets its supergraph from. */
export interface SupergraphSource {
  /** The supergraph to start with. */
  load(): Promise<string>;
  /** Tells of every later one. @returns stops telling */
  readonly watch?: (changed: (supergraphSdl: string) => void) => () => void;
}

/** A supergraph that does not change by itself. */
export function fixedSupergraph(supergraphSdl: string): SupergraphSource {
  return { load: async () => supergraphSdl };
}

/**
 * A supergraph in a file that a deployment may replace under a running router.
 *
 * @param options.path the file; polled, because events are lost on network and overlay volumes
 * @param options.pollMs how often it is looked at
 */
export function watchedSupergraph(options: {
  readonly path: string;
  readonly pollMs: number;
  readonly log: Logger;
}): SupergraphSource {
  const { path, pollMs, log } = options;
  return {
    load: () => readFile(path, 'utf8'),
    watch(changed) {
      const look = () => {
        readFile(path, 'utf8').then(changed, (error: unknown) =>
          log.error('supergraph file could not be read; the one before stays', { path, error }),
        );
      };
      watchFile(path, { interval: pollMs, persistent: false }, look);
      return () => unwatchFile(path, look);
    },
  };
}
