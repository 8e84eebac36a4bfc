import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '@caregraph/clock';
import type { KeyService } from '@caregraph/encryption';
import { answerTurns, type Steps } from '../../measure/turn.ts';
import { runChild } from '../../process/child.ts';
import { databaseTarget } from '../../stores/database-targets.ts';
import { openBenchKeys, type BenchKeys } from '../bench-keys.ts';
import { waysToKeyService } from '../distant-key-service.ts';
import { dataKeySteps, type SkippingClock } from './data-key-steps.ts';
import { kekSteps, partitionKeys } from './kek-steps.ts';
import { addPartitionKeys } from './key-rows.ts';

const settingsSchema = z.object({
  directory: z.string(),
  keyDatabase: databaseTarget,
  dataKeys: z.int(),
});

/** Rotations of partition keys and of the key-encryption key, in a key database of this run's own. */
runChild(async (settings) => {
  const { directory, keyDatabase, dataKeys } = settingsSchema.parse(settings);
  const clock = createSkippingClock();
  const opened: BenchKeys[] = [];
  const open = async (side: string, wrap?: (service: KeyService) => KeyService) => {
    const own = join(directory, side);
    await mkdir(own, { recursive: true });
    const over = { clock, ...(wrap && { wrap }) };
    const keys = await openBenchKeys({ directory: own, keyDatabase }, over);
    opened.push(keys);
    return keys;
  };
  const keys = await open('data-keys');
  const [ours, peer] = [keys.open('patient'), keys.open('clinical')];
  let steps: Steps = await dataKeySteps({ ours, peer, count: dataKeys, clock });
  for (const [name, wrap] of Object.entries(waysToKeyService)) {
    const side = async (which: string, store: string) => {
      const own = await open(which, wrap);
      return { keys: own, store: own.open(store) };
    };
    const sides = {
      ours: await side('kek-ours', 'prescription'),
      peer: await side('kek-peer', 'institution'),
    };
    if (name === 'key file') {
      for (const { store } of Object.values(sides)) await addPartitionKeys(store, partitionKeys);
    }
    steps = { ...steps, ...kekSteps(name, sides, clock) };
  }
  return {
    started: { steps: Object.keys(steps) },
    answer: answerTurns(steps),
    async stop() {
      for (const one of opened) await one.stop();
    },
  };
});

function createSkippingClock(): SkippingClock {
  let skippedMs = 0;
  return {
    now: () => new Date(systemClock.now().getTime() + skippedMs),
    skip: (ms) => void (skippedMs += ms),
  };
}
