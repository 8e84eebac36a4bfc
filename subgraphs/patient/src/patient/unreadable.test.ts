import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';

/** Stored values that do not open, and keys that cannot be had, as a client meets them. */

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const ask = (id: string) => d.ask(d.worker, `{ patient(id: "${id}") { id name phone } }`);
const codes = (answer: Awaited<ReturnType<typeof ask>>) =>
  answer.errors.map(({ extensions }) => extensions);

test('a name that was moved from another person is a fault, and is not shown', async () => {
  const [one, other] = [
    await d.register({ name: 'Rehana Begum' }),
    await d.register({ name: 'Sunita Devi' }),
  ];
  await d.graph.pool.query(
    'UPDATE patient SET name = (SELECT name FROM patient WHERE id = $2) WHERE id = $1',
    [one.id, other.id],
  );
  const answer = await ask(one.id);
  expect(answer.data).toEqual({ patient: null });
  expect(codes(answer)).toEqual([
    { code: 'VALUE_UNREADABLE', at: 'Patient.name', reason: 'SEAL_OPEN_REFUSED' },
  ]);
  expect(JSON.stringify(answer)).not.toMatch(/Sunita|Rehana/);
});

test.each([
  ['plain bytes that somebody planted', `'\\x005265'::bytea`, 'SEAL_NOT_SEALED'],
  ['bytes of no format', `'\\x09aa'::bytea`, 'SEAL_VERSION_UNKNOWN'],
  ['an empty value', `''::bytea`, 'SEAL_VERSION_UNKNOWN'],
  ['a changed bit', `set_byte(name, 70, get_byte(name, 70) # 1)`, 'SEAL_OPEN_REFUSED'],
  ['the id of no key', `overlay(name PLACING '\\x00'::bytea FROM 5)`, 'SEAL_KEY_UNKNOWN'],
])('%s are a fault', async (_what, sql, reason) => {
  const { id } = await d.register();
  await d.graph.pool.query(`UPDATE patient SET name = ${sql} WHERE id = $1`, [id]);
  const answer = await ask(id);
  expect(answer.data).toEqual({ patient: null });
  expect(codes(answer)).toEqual([{ code: 'VALUE_UNREADABLE', at: 'Patient.name', reason }]);
});

test('with wrapped keys that were changed records are a fault, and are there again once mended', async () => {
  const { id } = await d.register();
  const { keyPool } = d.graph.keys;
  const partitions = 'patient.partition_key';
  await keyPool.query(`CREATE TABLE kept AS SELECT id, wrapped FROM ${partitions}`);
  await keyPool.query(`UPDATE ${partitions} SET wrapped = set_byte(wrapped, 40, 0) || '\\x00'`);
  d.graph.sealing.keys.close();
  const away = await ask(id);
  expect(away.data).toEqual({ patient: null });
  expect(codes(away)).toEqual([
    { code: 'VALUE_UNREADABLE', at: 'data_key', reason: 'SEAL_KEY_DAMAGED' },
  ]);
  await keyPool.query(
    `UPDATE ${partitions} p SET wrapped = kept.wrapped FROM kept WHERE kept.id = p.id`,
  );
  expect((await ask(id)).data).toMatchObject({ patient: { id, name: 'Rehana Begum' } });
});
