import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';
import { keeperOf } from '../test-keeper.ts';
import { idsOf, search } from './test-search.ts';

/** Rows that are indexed as a version before read their phones and names. */
let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const migration = join(
  import.meta.dirname,
  '../../../../prisma/patient/migrations/20261128213000_phones_and_long_names_read_anew/migration.sql',
);

test('a migration has them indexed anew, and nobody else', async () => {
  const [phoned, named, short] = [
    await d.register({ name: 'Asha', phone: '98765 10003 / 98765 10004' }),
    await d.register({ name: 'a b c d e f g h Ninthword' }),
    await d.register({ name: 'Rehana Begum K K', phone: '98765 10005' }),
  ].map(({ id }) => id);
  const ask = (asked: object) => search(d, { areaId: d.district, ...asked });
  const byPhone = { phone: '9876510003' };
  const byName = { name: 'a b c d e f g h ninthword' };
  await d.graph.pool.query('UPDATE patient SET phone_index = NULL WHERE id = $1', [phoned]);
  await d.graph.pool.query("UPDATE patient SET name_tokens = '{}' WHERE id = $1", [named]);
  expect(idsOf(await ask(byPhone))).toEqual([]);
  expect(await ask(byName)).toMatchObject({ outcome: 'FOUND', total: 0 });

  await d.graph.pool.query(await readFile(migration, 'utf8'));
  const { rows } = await d.graph.pool.query<{ id: string }>(
    'SELECT id::text FROM patient WHERE district_id IS NULL ORDER BY id',
  );
  expect(rows.map(({ id }) => id)).toEqual([phoned, named]);
  expect(rows.map(({ id }) => id)).not.toContain(short);
  expect(await ask(byName)).toMatchObject({ outcome: 'INDEX_BEHIND' });
  const keeper = keeperOf(d);
  for (const job of await keeper.due()) expect(await keeper.run(job)).toBe('DONE');
  expect(idsOf(await ask(byPhone))).toEqual([phoned]);
  const found = await ask(byName);
  expect(found.outcome).toBe('FOUND');
  expect(idsOf(found)).toEqual([named]);
});
