import { expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import type { EventDraft, SqlPool } from '@caregraph/messaging';
import { createAccessCommitter } from './access-committer.ts';

const clock = systemClock;
const ids = createIdSource(clock);

function intent(): EventDraft {
  const requestId = ids.next();
  return {
    type: 'org.caregraph.record.accessed.v1',
    subject: requestId,
    data: {
      requestId,
      subgraph: 'test',
      action: 'READ',
      actor: { id: 'a', clientId: 'c', roles: ['clinician'], institutionId: ids.next() },
      purpose: 'treatment',
      at: clock.now().toISOString(),
      outcome: 'SERVED',
      accesses: [{ patientId: ids.next(), types: ['Note'] }],
    },
  };
}

/** A pool whose inserts end when the test says how. */
function heldPool() {
  const inserts: { subjects: string[]; end(error?: Error): void }[] = [];
  const pool: SqlPool = {
    query: (_sql, [rows] = []) =>
      new Promise((resolve, reject) => {
        inserts.push({
          subjects: (JSON.parse(String(rows)) as { subject: string }[]).map((row) => row.subject),
          end: (error) => (error ? reject(error) : resolve({ rows: [], rowCount: 1 })),
        });
      }),
  };
  let commits = 0;
  const committer = createAccessCommitter({ pool, clock, ids, onCommit: () => (commits += 1) });
  return { inserts, committer, commits: () => commits };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes while an insert is under way goes together with the next', async () => {
  const { inserts, committer, commits } = heldPool();
  const intents = Array.from({ length: 101 }, intent);
  const commitments = intents.map((one) => committer.commit(one));
  expect(inserts.map((one) => one.subjects.length)).toEqual([1]);
  inserts[0]?.end();
  await turn();
  expect(inserts.map((one) => one.subjects.length)).toEqual([1, 100]);
  inserts[1]?.end();
  await Promise.all(commitments);
  expect(commits()).toBe(2);
  expect(inserts.flatMap((one) => one.subjects)).toEqual(intents.map((one) => one.subject));
});

test('nobody is told before the insert is durable', async () => {
  const { inserts, committer } = heldPool();
  let durable = false;
  const commitment = committer.commit(intent()).then(() => (durable = true));
  await turn();
  expect(durable).toBe(false);
  inserts[0]?.end();
  await commitment;
  expect(durable).toBe(true);
});

test('a store that is away fails exactly the requests of its insert; later ones work', async () => {
  const { inserts, committer, commits } = heldPool();
  const first = committer.commit(intent());
  const together = [committer.commit(intent()), committer.commit(intent())];
  const settled = Promise.allSettled([first, ...together]);
  inserts[0]?.end();
  await turn();
  const next = committer.commit(intent());
  inserts[1]?.end(Object.assign(new Error('going down'), { code: '57P01' }));
  expect((await settled).map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await turn();
  inserts[2]?.end();
  await next;
  await turn();
  const later = committer.commit(intent());
  inserts[3]?.end();
  await later;
  expect(commits()).toBe(3);
});

test('an intent that cannot be stored does not take the others with it', async () => {
  const { inserts, committer } = heldPool();
  const first = committer.commit(intent());
  const together = [committer.commit(intent()), committer.commit(intent())];
  const settled = Promise.allSettled(together);
  inserts[0]?.end();
  await first;
  await turn();
  inserts[1]?.end(new Error('a value that jsonb refuses'));
  await turn();
  inserts[2]?.end(new Error('a value that jsonb refuses'));
  await turn();
  inserts[3]?.end();
  expect((await settled).map((one) => one.status)).toEqual(['rejected', 'fulfilled']);
});

test('an intent that breaks its contract does not stop the committer', async () => {
  const { inserts, committer } = heldPool();
  const wrong = { ...intent(), data: {} } as unknown as EventDraft;
  await expect(committer.commit(wrong)).rejects.toThrow();
  expect(inserts).toEqual([]);
  const later = committer.commit(intent());
  inserts[0]?.end();
  await later;
});

test('a crowd is inserted in bounded batches', async () => {
  const { inserts, committer } = heldPool();
  const commitments = Array.from({ length: 1_201 }, () => committer.commit(intent()));
  for (let one = 0; one < 4; one += 1) {
    inserts[one]?.end();
    await turn();
  }
  await Promise.all(commitments);
  expect(inserts.map((one) => one.subjects.length)).toEqual([1, 500, 500, 200]);
});
