import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as waitMs } from 'node:timers/promises';
import { z } from 'zod';
import { createRandom } from '@caregraph/factory';
import type { Bench } from './bench.ts';
import { createBundle } from './import/fhir-bundle.ts';
import { runImport } from './import/run-import.ts';
import {
  insertBare,
  makeBareTables,
  markNow,
  requireSameRows,
  rowsSince,
} from './import/written-rows.ts';
import { compare, type Pair } from './measure/rounds.ts';
import { median } from './measure/statistics.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';
import { openStores, type StorePools } from './stores/open-stores.ts';
import { countWaitingEvents } from './stores/waiting-events.ts';

const people = 40;
const server = new URL('stores/caregraph.process.ts', import.meta.url);
const listening = z.object({ url: z.url() });

interface Round extends Pair<number> {
  readonly resources: number;
  readonly rows: number;
}

/** `caregraph import fhir`, against the same rows by plain INSERTs into bare tables. */
export const importBench: Bench = async ({ directory, say, rounds = 3 }) => {
  const cleanUp = createCleanUp();
  try {
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const { databases } = stores;
    say('starting the embedded profile with the map of a district');
    const ours = await startProcess(server, { directory, databases, households: 1 }, listening);
    cleanUp.add(ours.stop);
    const pools = openStores(databases);
    cleanUp.add(pools.end);
    const { url } = ours.started;

    const done: Round[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const folder = await writeBundles(directory, round);
      const one = await runRound(pools, () => runImport({ folder, url, directory }));
      if (round > 0) done.push(one);
    }
    const rowsPerResource = median(done.map(({ rows, resources }) => rows / resources));
    return {
      name: 'import',
      title: `${done[0]?.resources ?? 0} FHIR resources a round`,
      ours: 'caregraph import fhir',
      peer: 'pg multi-row INSERT, bare tables',
      rounds,
      rows: [
        {
          case: `${people} bundles, new people each round`,
          ...{ measure: 'resources', unit: '/s', ...compare(done, (perSecond) => perSecond) },
        },
      ],
      notes: [
        `An import leaves ${rowsPerResource.toFixed(1)} rows a resource; the peer writes all of them.`,
        'The peer is a floor: one connection, no keys, no checks, no parsing, rows ready-made.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};

async function runRound(
  stores: StorePools,
  load: () => ReturnType<typeof runImport>,
): Promise<Round> {
  const mark = await markNow(stores);
  const { resources, durationMs, issueCount, provisional, types } = await load();
  const lost = Object.values(types).some(({ read, taken }) => read !== taken);
  if (issueCount > 0 || lost) throw new Error(`not all was taken: ${JSON.stringify(types)}`);
  if (provisional > 0) throw new Error(`${provisional} facts came before their patients`);
  await eventsDelivered(stores);
  const written = await rowsSince(stores, mark);
  await makeBareTables(stores, written);
  const begun = performance.now();
  await insertBare(stores, written);
  const floorMs = performance.now() - begun;
  await requireSameRows(stores, written);
  return {
    ours: (resources / durationMs) * 1_000,
    peer: (resources / floorMs) * 1_000,
    resources,
    rows: written.reduce((sum, { rows }) => sum + rows.length, 0),
  };
}

/** The audit and the other stores hear of an import a little later; they must be done. */
async function eventsDelivered({ pools }: StorePools): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    if ((await countWaitingEvents(pools.values())) === 0) return;
    if (performance.now() > deadline) throw new Error('events were not delivered in a minute');
    await waitMs(50);
  }
}

async function writeBundles(directory: string, round: number): Promise<string> {
  const folder = join(directory, `bundles-${round}`);
  await mkdir(folder);
  for (let person = 0; person < people; person += 1) {
    const bundle = createBundle(createRandom(`bundle ${round} ${person}`));
    await writeFile(join(folder, `${person}.json`), JSON.stringify(bundle));
  }
  return folder;
}
