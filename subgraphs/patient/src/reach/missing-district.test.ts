import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';
import { keeperOf } from '../test-keeper.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const search = async (name: string) => {
  const query = `{ searchPatients(name: "${name}", areaId: "${d.district}") {
    outcome matches { patient { name } } } }`;
  const answer = await d.ask(d.worker, query);
  expect(answer.errors).toEqual([]);
  return answer.data?.['searchPatients'];
};

test('people from before districts were known are indexed as soon as their area has one', async () => {
  const { id } = await d.register({ name: 'Kamala Devi' });
  const found = { outcome: 'FOUND', matches: [{ patient: { name: 'Kamala Devi' } }] };
  expect(await search('Kamala')).toEqual(found);
  const keeper = keeperOf(d);
  expect(await keeper.due()).toEqual([]);
  await d.graph.pool.query(
    `UPDATE patient SET district_id = NULL, name_tokens = '{}' WHERE id = $1`,
    [id],
  );
  expect(await search('Kamala')).toEqual({ outcome: 'INDEX_BEHIND', matches: [] });
  const due = await keeper.due();
  expect(due.map(({ kind }) => kind)).toEqual(['seal-existing']);
  for (const job of due) expect(await keeper.run(job)).toBe('DONE');
  expect(await search('Kamala')).toEqual(found);
  expect(await keeper.due()).toEqual([]);
});

test('an area whose district nobody told yet is left alone, and stays said to be behind', async () => {
  const { id } = await d.register({ name: 'Meena Bai' });
  const { rows } = await d.graph.pool.query<{ area: string; district: string }>(
    'SELECT area_id::text AS area, district_id::text AS district FROM patient WHERE id = $1',
    [id],
  );
  const [{ area = '', district = '' } = {}] = rows;
  await d.graph.pool.query(`UPDATE patient SET district_id = NULL, name_tokens = '{}'`);
  await d.graph.pool.query('UPDATE area_ref SET district_id = NULL WHERE id = $1', [area]);
  const keeper = keeperOf(d);
  for (const job of await keeper.due()) await keeper.run(job);
  expect(await search('Meena')).toMatchObject({ outcome: 'INDEX_BEHIND' });
  await d.graph.pool.query('UPDATE area_ref SET district_id = $2 WHERE id = $1', [area, district]);
  for (const job of await keeper.due()) await keeper.run(job);
  expect(await search('Meena')).toMatchObject({ outcome: 'FOUND' });
});
