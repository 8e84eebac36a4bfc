import { readFile } from 'node:fs/promises';
import type { Clock, IdSource } from '@caregraph/clock';
import { openErasureList, replayStore, type ErasureTarget } from '@caregraph/erasure';
import type { Logger } from '@caregraph/observability';
import { z } from 'zod';
import type { SubgraphConfig } from './config.ts';

const jwkSet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * Erases again from one store whom the list of erasures names.
 *
 * Threat: a store is restored from a backup, and with it those who were erased since. Defence: the
 * list lies elsewhere, and nothing is served before the store shows all of them as erased.
 *
 * @throws Error when the list cannot be read or believed: the process does not start then
 */
export async function replayErasures(
  target: ErasureTarget,
  config: Pick<SubgraphConfig, 'ERASURE_LIST_DIR' | 'ERASURE_KEYS_FILE'>,
  deps: { readonly clock: Clock; readonly ids: IdSource; readonly log: Logger },
): Promise<void> {
  const { ERASURE_LIST_DIR: directory, ERASURE_KEYS_FILE: keysFile } = config;
  if (directory === undefined || keysFile === undefined) {
    deps.log.warn('no list of erasures is named: a restored store brings back who was erased');
    return;
  }
  const keys = jwkSet.parse(JSON.parse(await readFile(keysFile, 'utf8')));
  const list = openErasureList({ directory, keys });
  const replayed = await replayStore(target, { list, ...deps });
  if (replayed.length > 0) deps.log.warn('erasures were replayed', { count: replayed.length });
}
