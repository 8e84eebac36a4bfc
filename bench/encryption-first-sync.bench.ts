import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { loadPatients } from './encryption/search-data.ts';
import { compareTurns, processorRow, throughputRow } from './measure/turn.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';
import { openStores } from './stores/open-stores.ts';

const plan = { seed: 'first sync', count: 10_000, months: 24, institutions: 5, districts: 1 };
const syncProcess = new URL('encryption/first-sync/first-sync.process.ts', import.meta.url);

/** Opening all patients of a store for a first sync, with and without keys in memory. */
export const encryptionFirstSyncBench: Bench = async ({ directory, say, rounds = 5 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting stores');
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const plain = await stores.another('plain');
    const settings = {
      ...{ directory, keyDatabase: stores.databases['keys'], patients: plan.count },
      ...{ sealedStore: stores.databases['patient'], plainStore: plain['patient'] },
    };
    for (const codec of ['sealed', 'plain'] as const) {
      say(`writing ${plan.count} patients, ${codec}`);
      const { pools, end } = openStores(codec === 'sealed' ? stores.databases : plain);
      const [pool, keyDatabase] = [pools.get('patient'), stores.databases['keys']];
      if (pool === undefined || keyDatabase === undefined) throw new Error('a store is missing');
      await loadPatients({ directory, keyDatabase, pool, plan, codec, say });
      await end();
    }
    const steps = z.object({ steps: z.array(z.string()) });
    const child = await startProcess(syncProcess, settings, steps);
    cleanUp.add(child.stop);
    const rows: Row[] = [];
    for (const step of child.started.steps) {
      say(step);
      const pairs = await compareTurns(child, step, rounds);
      rows.push(throughputRow(step, 'rows', pairs), processorRow(step, 'rows', pairs));
    }
    return {
      name: 'encryption-first-sync',
      title: `${plan.count} patients of three sealed fields, in pages of 500`,
      ours: 'named first',
      peer: 'named second',
      rounds,
      rows,
      notes: [
        `Each patient has a data key of its own; the keys lie in ${plan.months * plan.institutions} partitions (${plan.institutions} institutions, ${plan.months} months).`,
        'Both sides read by the client of the patient store in one process; the values they open are compared.',
        'A key service is the key file behind a timer: all keys of a question in one call, or each key in one, 16 at a time.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};
