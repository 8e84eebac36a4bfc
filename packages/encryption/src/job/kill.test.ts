import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import type { JobProcessSettings } from '../fixture/job.process.ts';
import { startSealedStore } from '../fixture/test-sealed-store.ts';
import { createJobStore } from './job-store.ts';
import { rotateDataKeyJob } from './rotate-data-key.ts';
import { runJob } from './run-job.ts';
import {
  addPartitions,
  addPeople,
  expectSealedByActive,
  expectWhole,
  nameOf,
  type TestPeople,
} from './test-people.ts';

const script = join(import.meta.dirname, '../fixture/job.process.ts');
/** Kills of each kind of job; CAREGRAPH_KILLS=100 takes some minutes. */
const kills = Number(process.env['CAREGRAPH_KILLS'] ?? 20);
/** About as long as a job takes. */
const longestMs = 150;

let store: TestPeople;
let people: readonly string[];
beforeAll(async () => {
  store = await startSealedStore();
  people = await addPeople(store, 300);
  await addPartitions(store, 300);
}, 60_000);
afterAll(() => store.stop());

/** Runs the job in a process of its own. @returns its last word, undefined when it was killed */
function runProcess(
  settings: JobProcessSettings,
  killAfterMs?: number,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, errors] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    const isFirst = said === '';
    said += chunk.toString();
    if (isFirst && killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(undefined);
      else if (code === 0) resolve(said.trim().split('\n').at(-1));
      else reject(new Error(`the job process failed: ${errors}`));
    });
  });
}

/** Puts the store back to what it was before there was encryption. */
async function unseal(): Promise<void> {
  await store.testKeys.keyPool.query('DELETE FROM patient.store_state');
  for (const [n, id] of people.entries()) {
    const name = Buffer.concat([Buffer.of(0), Buffer.from(nameOf(n))]);
    await store.pool.query('UPDATE "Person" SET name = $2 WHERE id = $1', [id, name]);
  }
}

describe('a job that is killed at random points', () => {
  it.each([
    'rotate-kek',
    'retire-kek',
    'rotate-partitions',
    'rotate-data-key',
    'drop-retired',
    'rotate-index',
    'seal-existing',
  ])(
    '%s finishes right when it is started again',
    async (kind) => {
      let inside = 0;
      for (let round = 0; round < kills; round += 1) {
        // A job that ended before the kill is begun anew, and has something to do again.
        if ((await openJobs(kind)) === 0) await giveWork(kind);
        await runProcess(await settingsOf(kind), randomInt(longestMs));
        const open = await openJobs(kind);
        expect(open).toBeLessThanOrEqual(1);
        // It had begun a step, and was not at its end.
        inside += open;
        // Whole at every moment, not only at the end.
        if (round % 4 === 0) await expectWhole(store, people);
      }
      expect(inside).toBeGreaterThan(0);
      const settings = await settingsOf(kind);
      expect(await runProcess(settings)).toBe('DONE');
      expect(await openJobs(kind)).toBe(0);
      await expectWhole(store, people);
      await expectSettled(kind);
    },
    60_000 + kills * 5_000,
  );
});

/** Leaves something to do for a job that is going to begin. */
async function giveWork(kind: string): Promise<void> {
  if (kind === 'seal-existing') await unseal();
  if (kind === 'retire-kek') await store.testKeys.keyService.rotate();
  if (kind !== 'drop-retired') return;
  const options = {
    ...{ jobs: createJobStore(store.testKeys.keyPool), clock: systemClock },
    ids: createIdSource(systemClock),
  };
  for (const ownerId of people.slice(0, 8)) {
    await runJob(rotateDataKeyJob(store.own, store.own.keys, ownerId), options);
  }
}

async function settingsOf(kind: string): Promise<JobProcessSettings> {
  const { keyService, keyDatabase, kekFile } = store.testKeys;
  return {
    ...{ kind, ownerId: people[7] ?? '', pool: store.target, keyPool: keyDatabase, kekFile },
    version: await keyService.currentVersion(),
  };
}

async function openJobs(kind: string): Promise<number> {
  const { rowCount } = await store.testKeys.keyPool.query(
    `SELECT 1 FROM key_job WHERE kind = $1 AND state <> 'DONE'`,
    [kind],
  );
  return rowCount ?? 0;
}

/** What a finished job must have left. */
async function expectSettled(kind: string): Promise<void> {
  const { keyPool, keyService } = store.testKeys;
  const none: Record<string, string> = {
    'rotate-kek': `SELECT 1 FROM patient.partition_key
      WHERE kek_version < ${await keyService.currentVersion()}`,
    'rotate-partitions': `SELECT 1 FROM patient.partition_key p JOIN patient.partition_key n
      USING (institution_id, month) WHERE n.generation > p.generation`,
    'retire-kek': `SELECT 1 FROM patient.partition_key
      WHERE kek_version < ${await keyService.currentVersion()}`,
    'rotate-data-key': `SELECT 1 WHERE NOT EXISTS
      (SELECT FROM patient.data_key WHERE state = 'RETIRED' AND owner_id = '${people[7] ?? ''}')`,
    'drop-retired': `SELECT 1 FROM patient.data_key WHERE state = 'RETIRED'`,
    'rotate-index': `SELECT 1 FROM patient.index_key WHERE state <> 'WRITTEN'`,
    'seal-existing': `SELECT 1 WHERE NOT EXISTS (SELECT FROM patient.store_state)`,
  };
  if (kind === 'rotate-data-key') await expectSealedByActive(store, people[7] ?? '');
  expect((await keyPool.query(none[kind] ?? '')).rowCount, kind).toBe(0);
}
