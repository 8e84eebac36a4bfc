import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCardNumber } from '@caregraph/name-matching';
import { sealedFields } from '../../generated/sealed-fields.ts';
import { accessesOf, changesOf, createTestDistrict, type TestDistrict } from '../test-district.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();
const card = () => createCardNumber(Buffer.from(id().replaceAll('-', ''), 'hex').reverse());

async function named(token: string, type: string, value: string, system?: string) {
  const query = `query ($type: IdentifierType!, $value: String!, $system: String) {
    patientByIdentifier(type: $type, value: $value, system: $system) { id }
  }`;
  return d.ask(token, query, { type, value, system });
}

test('a card names one person, however it is written, until it is retired', async () => {
  const { id: patientId } = await d.register();
  const number = card();
  const identifierId = id();
  const added = await d.write(d.worker, 'addIdentifier', {
    id: identifierId,
    patientId,
    type: 'CARD',
    value: number,
  });
  expect(added).toMatchObject({
    verdict: 'APPLIED',
    identifier: { value: number, status: 'ACTIVE', version: 1, patient: { id: patientId } },
  });
  expect(await changesOf(d.graph, identifierId)).toEqual([
    { typename: 'Identifier', version: 1, before: null, after: d.north },
  ]);
  const spoken = `${number.slice(0, 4)} ${number.slice(4, 8)}-${number.slice(8)}`.toLowerCase();
  expect((await named(d.worker, 'CARD', spoken)).data).toEqual({
    patientByIdentifier: { id: patientId },
  });
  expect((await named(d.worker, 'OTHER', number)).data).toEqual({ patientByIdentifier: null });
  expect((await named(d.foreign, 'CARD', number)).data).toEqual({ patientByIdentifier: null });

  const retired = await d.write(d.worker, 'retireIdentifier', { identifierId });
  expect(retired).toMatchObject({ identifier: { status: 'RETIRED', version: 2 } });
  const again = await d.write(d.worker, 'retireIdentifier', { identifierId });
  expect(again).toMatchObject({ verdict: 'APPLIED', identifier: { version: 2 } });
  expect((await named(d.worker, 'CARD', number)).data).toEqual({ patientByIdentifier: null });
});

test('an active value of one issuer is given once, also by two at a time', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, () => d.register()));
  const give = (patientId: string) =>
    d.write(d.worker, 'addIdentifier', {
      id: id(),
      patientId,
      type: 'MRN',
      system: 'https://hospital.test',
      value: 'MRN-77',
    });
  const answers = await Promise.all(people.map((one) => give(one.id)));
  expect(answers.filter((one) => one['verdict'] === 'APPLIED')).toHaveLength(1);
  const refused = answers.filter((one) => one['verdict'] !== 'APPLIED');
  expect(refused.every((one) => JSON.stringify(one['problems']).includes('ALREADY_EXISTS'))).toBe(
    true,
  );
});

test('two issuers may use one value: then the issuer is asked for', async () => {
  const [one, other] = [await d.register(), await d.register()];
  for (const [patientId, system] of [
    [one.id, 'https://a.test'],
    [other.id, 'https://b.test'],
  ] as const) {
    await d.write(d.worker, 'addIdentifier', {
      id: id(),
      patientId,
      type: 'MRN',
      system,
      value: '9',
    });
  }
  const open = await named(d.worker, 'MRN', '9');
  expect(open.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', at: 'system' });
  const sure = await named(d.worker, 'MRN', '9', 'https://b.test');
  expect(sure.data).toEqual({ patientByIdentifier: { id: other.id } });
});

test('what was recorded of someone out of scope is kept; of nobody, refused', async () => {
  const { id: patientId } = await d.register();
  const add = (of: string) =>
    d.write(d.foreign, 'addIdentifier', { id: id(), patientId: of, type: 'OTHER', value: id() });
  expect(await add(patientId)).toMatchObject({ verdict: 'QUARANTINED', identifier: null });
  expect(await add(id())).toMatchObject({ verdict: 'REJECTED' });
  const identifierId = id();
  await d.write(d.worker, 'addIdentifier', {
    ...{ id: identifierId, patientId, type: 'OTHER', value: 'K-1' },
  });
  expect(await d.write(d.foreign, 'retireIdentifier', { identifierId })).toMatchObject({
    verdict: 'QUARANTINED',
  });
  expect(await d.write(d.worker, 'retireIdentifier', { identifierId: id() })).toMatchObject({
    problems: [{ code: 'NOT_FOUND', field: 'identifierId' }],
  });
});

test('an identifier that is shown is audited with its patient', async () => {
  const identifierId = id();
  const identifiers = [{ id: identifierId, type: 'PASSPORT', value: 'P 123' }];
  const { id: patientId } = await d.register({ identifiers });
  const query = `query ($id: UUID!) {
    _entities(representations: [{ __typename: "Identifier", id: $id }]) {
      ... on Identifier { value }
    }
  }`;
  const seen = await d.ask(d.worker, query, { id: identifierId });
  expect(seen.data).toEqual({ _entities: [{ value: 'P 123' }] });
  const hidden = await d.ask(d.foreign, query, { id: identifierId });
  expect(hidden.data).toEqual({ _entities: [null] });
  const reads = (await accessesOf(d.graph, patientId)).filter((one) => one['action'] === 'READ');
  expect(reads.slice(1)).toMatchObject([{ accesses: [{ patientId, types: ['Identifier'] }] }]);
});

test('the database refuses unknown types and states as well', async () => {
  const identifiers = [{ id: id(), type: 'OTHER', value: 'Z 1' }];
  await d.register({ identifiers });
  for (const column of ['type', 'status']) {
    const change = d.graph.pool.query(`UPDATE identifier SET ${column} = 'X'`);
    await expect(change).rejects.toMatchObject({ constraint: `identifier_${column}_check` });
  }
});

test('who tries whether a card is held leaves the attempt on the record that they named', async () => {
  const value = card();
  await d.register({ identifiers: [{ id: id(), type: 'CARD', value }] });
  const own = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.abroad };
  expect(await d.write(d.foreign, 'registerPatient', own)).toMatchObject({ verdict: 'APPLIED' });
  const refused = { verdict: 'REJECTED', problems: [{ code: 'ALREADY_EXISTS' }] };
  const probe = { id: id(), patientId: own.id, type: 'CARD', value };
  expect(await d.write(d.foreign, 'addIdentifier', probe)).toMatchObject(refused);
  const newcomer = { ...own, id: id(), identifiers: [{ id: id(), type: 'CARD', value }] };
  expect(await d.write(d.foreign, 'registerPatient', newcomer)).toMatchObject(refused);
  for (const [patientId, operation] of [
    [own.id, 'addIdentifier'],
    [newcomer.id, 'registerPatient'],
  ] as const) {
    expect((await accessesOf(d.graph, patientId)).at(-1)).toMatchObject({
      ...{ action: 'WRITE', operation, outcome: 'REJECTED' },
      accesses: [{ patientId, types: [] }],
    });
  }
  // Nothing stays of what was refused, and a free card is given as before.
  expect((await d.ask(d.foreign, `{ patient(id: "${newcomer.id}") { id } }`)).data).toEqual({
    patient: null,
  });
  const free = { ...probe, id: id(), value: card() };
  expect(await d.write(d.foreign, 'addIdentifier', free)).toMatchObject({ verdict: 'APPLIED' });
});

test('the digits of any script are those of the value', async () => {
  const given = { type: 'MRN', system: 'https://digits.test', value: 'MRN ૧૨౩੪' };
  const { id: patientId } = await d.register({ identifiers: [{ id: id(), ...given }] });
  const number = 'EWGTGB८M८FCT';
  const added = { id: id(), patientId, type: 'CARD', value: number };
  expect(await d.write(d.worker, 'addIdentifier', added)).toMatchObject({ verdict: 'APPLIED' });
  for (const [type, value] of [
    ['MRN', 'mrn1234'],
    ['MRN', 'MRN-१२३४'],
    ['CARD', 'EWGT-GB8M-8FCT'],
    ['CARD', number],
  ] as const) {
    expect((await named(d.worker, type, value)).data, value).toEqual({
      patientByIdentifier: { id: patientId },
    });
  }
});

test('a value that is indexed by its own digits, as before, names nobody else', async () => {
  const given = { type: 'MRN', system: 'https://digits.test', value: 'OLD ૫૬' };
  const { id: patientId } = await d.register({ identifiers: [{ id: id(), ...given }] });
  const { blindIndexer } = d.graph.keys.sealing('patient');
  const request = {
    ...{ store: 'patient', model: 'Identifier', field: 'valueIndex', companion: given.type },
    ...{ index: sealedFields.models.Identifier.blind.valueIndex, partition: null, aspect: null },
    value: given.value,
  };
  const [written = [], asked = []] = await blindIndexer.tokensOf([
    { ...request, purpose: 'write' },
    { ...request, purpose: 'search' },
  ]);
  const [before] = asked.filter((token) => !written.includes(token));
  const { rowCount } = await d.graph.pool.query(
    'UPDATE identifier SET value_index = $1 WHERE value_index = $2',
    [before, written[0]],
  );
  expect(rowCount).toBe(1);
  expect((await named(d.worker, 'MRN', given.value)).data).toEqual({
    patientByIdentifier: { id: patientId },
  });
  const { id: other } = await d.register();
  const again = await d.write(d.worker, 'addIdentifier', { id: id(), patientId: other, ...given });
  expect(again).toMatchObject({ verdict: 'REJECTED', problems: [{ code: 'ALREADY_EXISTS' }] });
});
