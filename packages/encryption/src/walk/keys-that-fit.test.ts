import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { startSealedStore } from '../fixture/test-sealed-store.ts';
import { createKeyKeeper } from '../job/key-keeper.ts';
import { addPeople, type TestPeople } from '../job/test-people.ts';
import { expectKeysThatFit } from './keys-that-fit.ts';

let store: TestPeople;
beforeAll(async () => {
  store = await startSealedStore();
}, 60_000);
afterAll(() => store.stop());
beforeEach(async () => {
  await store.pool.query('TRUNCATE "Person" CASCADE');
  await sql('TRUNCATE patient.index_key');
  await sql('TRUNCATE patient.key_owner, patient.data_key, patient.partition_key CASCADE');
  store.own.keys.close();
});

const sql = (text: string) => store.testKeys.keyPool.query(text);
/** As a process does that starts now. */
const look = () => expectKeysThatFit(store.pool, store.own.fields, store.open().keys);

function run(kind: string, subject = '') {
  const { keyPool, watch } = store.testKeys;
  const keeper = createKeyKeeper({
    stores: [{ keys: store.own.keys, sealed: store.own }],
    ...{ keyPool, watch, clock: systemClock, ids: store.own.keys.ids },
  });
  return keeper.run(keeper.job({ kind, store: kind === 'rotate-kek' ? '' : 'patient', subject }));
}

it('a new store fits, one that was written to fits, and one whose people are gone', async () => {
  await expect(look()).resolves.toBeUndefined();
  await addPeople(store, 2);
  await expect(look()).resolves.toBeUndefined();
  await store.pool.query('TRUNCATE "Person" CASCADE');
  await sql('TRUNCATE patient.data_key');
  await expect(look()).resolves.toBeUndefined();
});

it('sealed rows without any data key are not served', async () => {
  await addPeople(store, 2);
  await sql('TRUNCATE patient.data_key');
  await expect(look()).rejects.toThrow('restore the key database');
  for (const kind of ['rotate-partitions', 'seal-existing']) {
    await expect(run(kind)).rejects.toThrow('restore the key database');
  }
});

it('no job makes a key in place of one that is lost', async () => {
  const [lost = ''] = await addPeople(store, 2);
  await sql(`DELETE FROM patient.data_key WHERE owner_id = '${lost}'`);
  await expect(run('rotate-index', 'Person.nameTokens')).rejects.toMatchObject({
    left: [{ place: 'Person', id: lost, code: 'SEAL_KEY_UNKNOWN' }],
  });
  const { rowCount } = await sql(`SELECT 1 FROM patient.data_key WHERE owner_id = '${lost}'`);
  expect(rowCount).toBe(0);
});

it('tokens without an index key are not served, and it is said which', async () => {
  await addPeople(store, 2);
  await sql(`DELETE FROM patient.index_key WHERE field = 'Person.nameTokens'`);
  await expect(look()).rejects.toThrow('no key of Person.nameTokens,');
  const { rowCount } = await sql(
    `SELECT 1 FROM patient.index_key WHERE field = 'Person.nameTokens'`,
  );
  expect(rowCount).toBe(0);
});

it('an older key-encryption key is refused at a start, and by the jobs before they wrap anything', async () => {
  await addPeople(store, 2);
  await sql('UPDATE patient.partition_key SET kek_version = kek_version + 1');
  const older = /version 2 .*only version 1/;
  await expect(look()).rejects.toThrow(older);
  for (const kind of ['rotate-kek', 'rotate-partitions']) {
    await expect(run(kind)).rejects.toThrow(older);
  }
  expect(await store.testKeys.keyService.currentVersion()).toBe(1);
});
