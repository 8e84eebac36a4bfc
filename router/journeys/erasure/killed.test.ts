import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeNames, type DatabasePool } from '@caregraph/database';
import { verifyCertificate } from '@caregraph/erasure';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import {
  createTestErasure,
  everybody,
  placesOf,
  traceOf,
  valueOf,
  type TestErasure,
} from './test-erasure.ts';

/** The process that erases is killed at some instruction, and the next run makes an end of it. */

/** CAREGRAPH_KILLS=100 takes some minutes. */
const kills = Number(process.env['CAREGRAPH_KILLS'] ?? 40);
const main = fileURLToPath(new URL('erase.process.ts', import.meta.url));
let stack: JourneyStack;
let erasing: TestErasure;

beforeAll(async () => {
  stack = await startJourney({ households: 24 });
  erasing = await createTestErasure(stack);
});
afterAll(async () => {
  await stack.stop();
  await erasing.stop();
});

function urlOf(pool: DatabasePool): string {
  const { user = '', host = '', port = 0, database = '', password } = pool.options;
  const secret = typeof password === 'string' && password !== '' ? `:${password}` : '';
  return `postgresql://${user}${secret}@${host}:${port}/${database}`;
}

/**
 * Runs the process and kills it so long after it began, unless it has ended by then.
 *
 * @returns how long it took, if it was left to end
 */
async function eraseAndKill(patientId: string, killAfterMs: number): Promise<number | undefined> {
  const { pools } = stack.deployment;
  const order = {
    ...{ patientId, directory: erasing.directory, key: erasing.key },
    stores: {
      ...Object.fromEntries(storeNames.map((store) => [store, urlOf(pools[store])])),
      keys: urlOf(stack.keys.keyPool),
    },
  };
  const child = spawn(process.execPath, [main, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Most of a run is Node reading the code; the first run, which is not killed, keeps it compiled.
    env: { ...process.env, NODE_COMPILE_CACHE: join(erasing.directory, '..', 'compiled') },
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  const began = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  await ended;
  clearTimeout(timer);
  return child.signalCode === null ? performance.now() - began : undefined;
}

/** How many keys a person has in each schema. */
async function keysOf(patientId: string): Promise<Record<string, number>> {
  const counts = storeNames.map(async (store) => {
    const sql = `SELECT count(*)::int AS value FROM ${store}.data_key WHERE owner_id = $1`;
    return [store, await valueOf<number>(stack.keys.keyPool, sql, patientId)] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

test(
  `${kills} kills: each erasure is completed, and its certificate tells all that went`,
  { timeout: 1_200_000 },
  async () => {
    const { pools } = stack.deployment;
    const [first = '', second = '', ...people] = await everybody(pools);
    // The first compiles the code; the second takes as long as those that follow.
    await eraseAndKill(first, 60_000);
    let wholeMs = (await eraseAndKill(second, 60_000)) ?? 60_000;
    const states: string[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      const patientId = people[kill];
      if (patientId === undefined) throw new Error('the district has too few people');
      const [trace, keys] = [await traceOf(pools, patientId), await keysOf(patientId)];
      // Spread evenly over the whole run, with a jitter, so that no part of it is left out.
      const aimedMs = (wholeMs * (kill + Math.random())) / kills;
      wholeMs = (await eraseAndKill(patientId, aimedMs)) ?? wholeMs;
      const found = await erasing.list.read(patientId);
      states.push(found?.record.state ?? 'NOT_BEGUN');

      const outcome = await erasing.erasure.erase(patientId, 'REQUEST_OF_PERSON');
      if (outcome.kind !== 'ERASED') throw new Error(outcome.kind);
      const { entry } = outcome;
      expect(await verifyCertificate(entry, { keys: [erasing.key.publicJwk] })).toBe(true);
      expect(entry.record.state).toBe('COMPLETED');
      for (const { store, keys: destroyed } of entry.certificate?.stores ?? []) {
        const own = entry.record.households.length * (store === 'patient' ? 1 : 0);
        expect(destroyed, `kill ${kill}, ${store}`).toBe((keys[store] ?? 0) + own);
      }
      expect(await traceOf(pools, patientId)).toEqual([]);
      const left = await placesOf(pools, trace.length === 0 ? [patientId] : trace);
      expect(
        left.filter((place) => !/change_log|dispensing_id|erased_subject/.test(place)),
      ).toEqual(trace.length === 0 ? expect.anything() : []);
      expect(await erasing.erasure.replay()).toEqual([]);
    }
    // Kills that all came before or after the work would prove nothing.
    const begun = states.filter((state) => state === 'REQUESTED');
    expect(begun.length).toBeGreaterThan(kills / 20);
  },
);
