import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';

/** Stored values that do not open, and keys that cannot be had, as a client meets them. */

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const ask = (id: string) => d.ask(d.worker, `{ patient(id: "${id}") { id name phone } }`);
const Page = z.object({
  patients: z.object({
    edges: z.array(
      z.object({
        cursor: z.string(),
        node: z.object({ id: z.string(), name: z.string().nullable() }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean() }),
  }),
});
const codes = (answer: Awaited<ReturnType<typeof ask>>) =>
  answer.errors.map(({ extensions }) => extensions);

const unreadable = (row: string, reason: string) => ({
  ...{ code: 'VALUE_UNREADABLE', at: 'Patient.name', row, reason },
});
/** Bytes of no format in place of the name. */
const damage = (id: string) =>
  d.graph.pool.query(`UPDATE patient SET name = '\\x09aa' WHERE id = $1`, [id]);

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
  expect(answer.data).toEqual({ patient: { id: one.id, name: null, phone: null } });
  expect(codes(answer)).toEqual([unreadable(one.id, 'SEAL_OPEN_REFUSED')]);
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
  expect(answer.data).toEqual({ patient: { id, name: null, phone: null } });
  expect(codes(answer)).toEqual([unreadable(id, reason)]);
});

test('with wrapped keys that were changed records are a fault, and are there again once mended', async () => {
  const { id } = await d.register();
  const { keyPool } = d.graph.keys;
  const partitions = 'patient.partition_key';
  await keyPool.query(`CREATE TABLE kept AS SELECT id, wrapped FROM ${partitions}`);
  await keyPool.query(`UPDATE ${partitions} SET wrapped = set_byte(wrapped, 40, 0) || '\\x00'`);
  d.graph.sealing.keys.close();
  const away = await ask(id);
  expect(away.data).toEqual({ patient: { id, name: null, phone: null } });
  expect(codes(away)).toMatchObject([
    { code: 'VALUE_UNREADABLE', at: 'data_key', reason: 'SEAL_KEY_DAMAGED' },
  ]);
  await keyPool.query(
    `UPDATE ${partitions} p SET wrapped = kept.wrapped FROM kept WHERE kept.id = p.id`,
  );
  expect((await ask(id)).data).toMatchObject({ patient: { id, name: 'Rehana Begum' } });
});

test('nobody else suffers by a name that does not open: not in a list, a page or a request', async () => {
  const people = [];
  for (const name of ['Asha', 'Bina', 'Chanda']) people.push(await d.register({ name }));
  const [one, damaged, last] = people.map(({ id }) => id);
  await damage(damaged ?? '');
  const both = await d.ask(
    d.worker,
    `{ a: patient(id: "${one}") { name } b: patient(id: "${damaged}") { name sex } }`,
  );
  expect(both.data).toEqual({ a: { name: 'Asha' }, b: { name: null, sex: 'FEMALE' } });
  expect(codes(both)).toEqual([unreadable(damaged ?? '', 'SEAL_VERSION_UNKNOWN')]);

  // The row behind a page is read to know whether there is a further one.
  const page = (after: string) =>
    d.ask(
      d.worker,
      `{ patients(first: 1${after}) { edges { cursor node { id name } } pageInfo { hasNextPage } } }`,
    );
  const seen = new Map<string, unknown>();
  let after = '';
  for (let more = true; more;) {
    const { data, errors } = await page(after);
    const { edges, pageInfo } = Page.parse(data).patients;
    for (const { cursor, node } of edges) {
      seen.set(node.id, node.name);
      after = `, after: "${cursor}"`;
      expect(errors).toHaveLength(node.name === null ? 1 : 0);
    }
    more = pageInfo.hasNextPage;
  }
  expect([one, damaged, last].map((id) => seen.get(id ?? ''))).toEqual(['Asha', null, 'Chanda']);
});

test('a search shows whom it cannot compare, and finds everybody else', async () => {
  const areaId = d.north;
  const people = [];
  for (const name of ['Latika Rao', 'Latika Roy']) people.push(await d.register({ areaId, name }));
  const [one, damaged] = people.map(({ id }) => id);
  await damage(damaged ?? '');
  const search = `searchPatients(name: "latika", areaId: "${areaId}")`;
  const answer = await d.ask(
    d.worker,
    `{ ${search} { outcome matches { score matchedBy patient { id name } } } }`,
  );
  expect(answer.data).toEqual({
    searchPatients: {
      outcome: 'FOUND',
      matches: [
        {
          score: expect.any(Number),
          matchedBy: ['NAME_SPELLING'],
          patient: { id: one, name: 'Latika Rao' },
        },
        { score: null, matchedBy: ['UNREADABLE'], patient: { id: damaged, name: null } },
      ],
    },
  });
  expect(codes(answer)).toEqual([unreadable(damaged ?? '', 'SEAL_VERSION_UNKNOWN')]);
});

test('what opens of a person can be changed, and what does not is not written over unseen', async () => {
  const { id } = await d.register();
  await damage(id);
  const update = `mutation ($operation: OperationInput!, $input: UpdatePatientInput!) {
    updatePatient(operation: $operation, input: $input) { verdict }
  }`;
  const change = (values: object) => {
    const input = { patientId: id, ...values };
    return d.ask(d.worker, update, { operation: d.graph.operation(), input });
  };
  const changed = await change({ phone: '9876512345' });
  expect(changed.data).toEqual({ updatePatient: { verdict: 'APPLIED' } });
  expect(codes(await change({ name: 'Asha' }))).toEqual([unreadable(id, 'SEAL_VERSION_UNKNOWN')]);
  const answer = await ask(id);
  expect(answer.data).toEqual({ patient: { id, name: null, phone: '9876512345' } });
});
