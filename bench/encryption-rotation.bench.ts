import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { compareTurns, processorRow, throughputRow } from './measure/turn.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';

const rotationProcess = new URL('encryption/rotation/rotation.process.ts', import.meta.url);
const started = z.object({ steps: z.array(z.string()) });
const keysByDefault = 100_000;
const keysOfACountry = 1_000_000;

/** Rotations of keys by jobs that can be gone on with, against the least that could do the same. */
export const encryptionRotationBench: Bench = async ({ directory, say, full, rounds = 3 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting a key database');
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const dataKeys = full === true ? keysOfACountry : keysByDefault;
    say(`writing ${dataKeys} data keys on each side`);
    const settings = { directory, keyDatabase: stores.databases['keys'], dataKeys };
    const child = await startProcess(rotationProcess, settings, started);
    cleanUp.add(child.stop);
    const rows: Row[] = [];
    for (const step of child.started.steps) {
      say(step);
      const pairs = await compareTurns(child, step, rounds);
      rows.push(throughputRow(step, 'keys', pairs), processorRow(step, 'keys', pairs));
    }
    return {
      name: 'encryption-rotation',
      title: `rotations of partition keys (${dataKeys} data keys) and of the key-encryption key`,
      ours: 'the job',
      peer: 'by hand, no job',
      rounds,
      rows,
      notes: [
        'Data keys: the peer opens and seals as many keys by bare AES-256-GCM, with one SELECT and one UPDATE … FROM unnest for each thousand, in tables of the same shape.',
        'Partition keys: the peer asks the key service once for all, and updates them by one statement.',
        'The job writes down where it is after each step, and can be killed at any moment. What it waits for between two phases is skipped.',
        'Both tables are vacuumed, and a checkpoint is made, before each turn.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};
