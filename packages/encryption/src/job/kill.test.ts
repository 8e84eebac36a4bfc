import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobProcessSettings } from '../fixture/job.process.ts';
import { startSealedStore } from '../fixture/test-sealed-store.ts';
import { addPeople, expectWhole, nameOf, type TestPeople } from './test-people.ts';

const script = join(import.meta.dirname, '../fixture/job.process.ts');
/** Kills of each kind of job; with 100 the test takes some minutes. */
const kills = 12;
const longestMs = 60;

let store: TestPeople;
let people: readonly string[];
beforeAll(async () => {
  store = await startSealedStore();
  people = await addPeople(store, 300);
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
      if (kind === 'seal-existing') await unseal();
      const settings = {
        ...{ kind, ownerId: people[7] ?? '', pool: store.target },
        version: await store.testKeys.keyService.currentVersion(),
        ...{ keyPool: store.testKeys.keyDatabase, kekFile: store.testKeys.kekFile },
      };
      for (let round = 0; round < kills; round += 1) {
        const before = await openJobs(kind);
        await runProcess(settings, randomInt(longestMs));
        // Whole at every moment, not only at the end.
        if (round % 4 === 0) await expectWhole(store, people);
        // A job that ended before the kill was begun anew: it is killed all the same.
        expect(before).toBeLessThanOrEqual(1);
      }
      expect(await runProcess(settings)).toBe('DONE');
      expect(await openJobs(kind)).toBe(0);
      await expectWhole(store, people);
      await expectSettled(kind);
    },
    300_000,
  );
});

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
      (SELECT FROM patient.data_key WHERE state = 'RETIRED')`,
    'drop-retired': `SELECT 1 FROM patient.data_key WHERE state = 'RETIRED'`,
    'rotate-index': `SELECT 1 FROM patient.index_key WHERE state <> 'WRITTEN'`,
    'seal-existing': `SELECT 1 WHERE NOT EXISTS (SELECT FROM patient.store_state)`,
  };
  expect((await keyPool.query(none[kind] ?? '')).rowCount, kind).toBe(0);
}
