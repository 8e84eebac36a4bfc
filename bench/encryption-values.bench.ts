import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { compareTurns, processorRow } from './measure/turn.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';

const valuesProcess = new URL('encryption/values.process.ts', import.meta.url);

/** Sealing and opening of values, against AES-256-GCM of node:crypto alone. */
export const encryptionValuesBench: Bench = async ({ directory, say, rounds = 7 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting a key database');
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const settings = { directory, keyDatabase: stores.databases['keys'] };
    const child = await startProcess(
      valuesProcess,
      settings,
      z.object({ steps: z.array(z.string()) }),
    );
    cleanUp.add(child.stop);
    const rows: Row[] = [];
    for (const step of child.started.steps) {
      say(step);
      rows.push(processorRow(step, 'values', await compareTurns(child, step, rounds)));
    }
    return {
      name: 'encryption-values',
      title: 'sealing and opening, warm keys',
      ours: 'CareGraph',
      peer: 'node:crypto AES-256-GCM alone',
      rounds,
      rows,
      notes: [
        'The peer has the same sizes, a random nonce by randomBytes(12) for each value, a key of 32 bytes, associated data that is ready, and makes no one value of its pieces.',
        'The fastest peer has a KeyObject that was made before, and nonces drawn 512 at a time.',
        'By the codec, each value has an owner and a key of its own. Uses of keys are counted, and taken from a real key database 256 at a time.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};
