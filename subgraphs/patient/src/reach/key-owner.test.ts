import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';
import { keeperOf } from '../test-keeper.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

/** Puts a store back to before there was encryption: plain bytes, and no keys. */
async function unseal(): Promise<void> {
  const { pool, keys } = d.graph;
  const plain = (text: string) => Buffer.concat([Buffer.of(0), Buffer.from(text)]);
  await pool.query('UPDATE patient SET name = $1, phone = NULL, address = NULL', [plain('Asha')]);
  await pool.query('UPDATE household SET label = $1, address = NULL', [plain('A house')]);
  await pool.query('UPDATE operation_record SET sealed_payload = NULL, payload_owner_id = NULL');
  for (const table of ['data_key', 'key_owner', 'partition_key', 'store_state']) {
    await keys.keyPool.query(`DELETE FROM patient.${table}`);
  }
}

test('keys of people from before encryption lie where these are registered', async () => {
  const householdId = d.graph.ids.next();
  const household = { id: householdId, areaId: d.north, label: 'A house' };
  await d.write(d.worker, 'registerHousehold', household);
  const { id } = await d.register({ householdId });
  await unseal();
  const keeper = keeperOf(d, d.graph.keys.sealing('patient'));
  const jobs = (await keeper.due()).filter(({ kind }) => kind === 'seal-existing');
  expect(jobs).toHaveLength(1);
  for (const job of jobs) expect(await keeper.run(job)).toBe('DONE');
  const { rows } = await d.graph.keys.keyPool.query<{ owner: string; institution: string }>(
    `SELECT owner_id::text AS owner, institution_id::text AS institution
     FROM patient.data_key JOIN patient.partition_key ON partition_key.id = partition_key_id`,
  );
  const registered = await d.graph.pool.query<{ owner: string; institution: string }>(
    `SELECT id::text AS owner, institution_id::text AS institution FROM patient
     UNION ALL SELECT id::text, institution_id::text FROM household`,
  );
  expect(rows.map(({ owner }) => owner).toSorted()).toEqual([id, householdId].toSorted());
  expect(rows).toEqual(expect.arrayContaining(registered.rows));
});
