import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import type { OperationStamp } from '@caregraph/subgraph';
import { sealedFields } from '../../generated/sealed-fields.ts';
import { createStoreClient } from '../client.ts';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';
import { keeperOf } from '../test-keeper.ts';
import { insertIdentifiers } from './identifier-write.store.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const name = { kind: 'rotate-index', store: 'patient', subject: 'Identifier.valueIndex' };
const id = () => d.graph.ids.next();

/** Goes on with the rotation up to its next wait, as if the one before were over. */
async function goOn(): Promise<string> {
  const { keyPool } = d.graph.keys;
  await keyPool.query('UPDATE key_job SET not_before = NULL');
  const keeper = keeperOf(d);
  const outcome = await keeper.run(keeper.job(name));
  const [open] = await keeper.jobs.openJobs();
  d.graph.sealing.keys.indexKeys.forget('all');
  return open?.phase ?? outcome;
}

beforeEach(async () => {
  // A rotation that the test before left open is brought to its end.
  while ((await d.graph.keys.keyPool.query("SELECT 1 FROM key_job WHERE state <> 'DONE'")).rowCount)
    await goOn();
});

const refused = { verdict: 'REJECTED', problems: [{ code: 'ALREADY_EXISTS' }] };

test('a value names one person at every moment of a rotation of its index', async () => {
  const given = { type: 'MRN', system: 'https://rotation.test', value: 'MRN-1' };
  const one = await d.register({ identifiers: [{ id: id(), ...given }] });
  const other = await d.register();
  const expectRefused = async () => {
    for (const patientId of [one.id, other.id]) {
      const again = { id: id(), patientId, ...given };
      expect(await d.write(d.worker, 'addIdentifier', again)).toMatchObject(refused);
    }
    const newcomer = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north };
    const identifiers = [{ id: id(), ...given }];
    expect(await d.write(d.worker, 'registerPatient', { ...newcomer, identifiers })).toMatchObject(
      refused,
    );
  };
  await expectRefused();
  for (const phase of ['SWITCH', 'REINDEX', 'DONE']) {
    expect(await goOn()).toBe(phase);
    await expectRefused();
  }
});

test('one that is being retired is waited for, and its value is free then', async () => {
  const given = { type: 'MRN', system: 'https://rotation.test', value: 'MRN-2' };
  const identifierId = id();
  await d.register({ identifiers: [{ id: identifierId, ...given }] });
  const other = await d.register();
  const retiring = await d.graph.pool.connect();
  await retiring.query('BEGIN');
  await retiring.query("UPDATE identifier SET status = 'RETIRED' WHERE id = $1", [identifierId]);
  const added = d.write(d.worker, 'addIdentifier', { id: id(), patientId: other.id, ...given });
  await waitsFor('transactionid').finally(async () => {
    await retiring.query('COMMIT');
    retiring.release();
  });
  expect(await added).toMatchObject({ verdict: 'APPLIED' });
});

test('two processes that write with different keys meet at a lock', async () => {
  const given = { id: id(), type: 'MRN' as const, system: 'https://race.test', value: 'MRN-3' };
  const [one, other] = [await d.register(), await d.register()];
  expect(await goOn()).toBe('SWITCH');
  const [stale, fresh] = [processOf(d), processOf(d)];
  // This one knows the next key, and has not heard that it is written with.
  await stale.tokensOf(given.type, given.value);
  expect(await goOn()).toBe('REINDEX');
  const gate = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<string>();
  const first = stale.insert(one.id, given, async (outcome) => {
    reached.resolve(outcome);
    await gate.promise;
  });
  expect(await reached.promise).toBe('WRITTEN');
  const second = fresh.insert(other.id, { ...given, id: id() });
  await waitsFor('advisory');
  gate.resolve(undefined);
  await first;
  expect(await second).toBe('HELD');
  const { rows } = await d.graph.pool.query<{ token: string }>(
    "SELECT value_index AS token FROM identifier WHERE system = 'https://race.test'",
  );
  // It was really the other key: else the index alone would have seen it.
  const [written] = await keyedTokens(d, given);
  expect(rows).toHaveLength(1);
  expect(rows[0]?.token).not.toBe(written);
});

/** Another process over the same store, with keys of its own. */
function processOf({ graph: { pool, keys } }: TestDistrict) {
  const sealing = keys.sealing('patient');
  const client = createStoreClient({ pool, sealing } as Parameters<typeof createStoreClient>[0]);
  const tokensOf = (type: string, value: string) =>
    client.sealing.blindIndexFor('Identifier', 'valueIndex', value, { with: type });
  type Given = Parameters<typeof insertIdentifiers>[1]['identifiers'][number];
  return {
    tokensOf,
    insert: (patientId: string, given: Given, then?: (outcome: string) => Promise<void>) =>
      client.prisma.$transaction(async (tx) => {
        const added = { patientId, identifiers: [given], stamp };
        const outcome = await insertIdentifiers(tx, added, tokensOf);
        await then?.(outcome);
        return outcome;
      }),
  };
}

const stamp: OperationStamp = {
  ...{ id: createIdSource(systemClock).next(), deviceId: 'test', deviceSequence: 1 },
  authorId: createIdSource(systemClock).next(),
  ...{ recordedAt: new Date(), receivedAt: new Date(), baseVersion: undefined },
};

/** The tokens that a process which knows all writes now. */
async function keyedTokens(
  { graph: { keys } }: TestDistrict,
  given: { type: string; value: string },
): Promise<string[]> {
  const { blindIndexer } = keys.sealing('patient');
  const { blind } = sealedFields.models.Identifier;
  const [tokens = []] = await blindIndexer.tokensOf([
    {
      ...{ store: 'patient', model: 'Identifier', field: 'valueIndex', index: blind.valueIndex },
      ...{ value: given.value, companion: given.type, partition: null, aspect: null },
      purpose: 'write',
    },
  ]);
  return tokens;
}

/** Until somebody waits for a lock of this kind. */
async function waitsFor(locktype: string): Promise<void> {
  const waiting = () =>
    d.graph.pool.query('SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = $1', [locktype]);
  await expect.poll(async () => (await waiting()).rowCount, { timeout: 10_000 }).toBeGreaterThan(0);
}
