import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changesOf, createTestDistrict, type TestDistrict } from '../test-district.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

async function people(count: number): Promise<string[]> {
  const registered = [];
  for (let n = 0; n < count; n += 1) registered.push((await d.register()).id);
  return registered;
}

const relate = (from: string, kind: string, to: string, over = {}, token = d.worker) =>
  d.write(token, 'relatePatients', {
    id: id(),
    fromPatientId: from,
    toPatientId: to,
    kind,
    ...over,
  });

const refused = (code: string) => ({
  verdict: 'REJECTED',
  problems: [{ code }],
  relationship: null,
});

test('a mother is seen from both sides', async () => {
  const [mother = '', child = ''] = await people(2);
  const relation = id();
  const receipt = await relate(mother, 'MOTHER', child, { id: relation });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    relationship: { kind: 'MOTHER', status: 'ACTIVE', fromPatient: { id: mother } },
  });
  const fields = 'relationships { kind fromPatient { id } toPatient { id } }';
  const answer = await d.ask(
    d.worker,
    `{ m: patient(id: "${mother}") { ${fields} } c: patient(id: "${child}") { ${fields} } }`,
  );
  const seen = [{ kind: 'MOTHER', fromPatient: { id: mother }, toPatient: { id: child } }];
  expect(answer.data).toEqual({ m: { relationships: seen }, c: { relationships: seen } });
  expect(await changesOf(d.graph, relation)).toHaveLength(1);
});

describe('rings', () => {
  test('nobody is related to themselves', async () => {
    const [one = ''] = await people(1);
    expect(await relate(one, 'SIBLING', one)).toMatchObject(refused('CYCLE_REFUSED'));
  });

  test('nobody becomes their own ancestor, by whatever word', async () => {
    const [grandmother = '', mother = '', child = ''] = await people(3);
    await relate(grandmother, 'MOTHER', mother);
    await relate(child, 'CHILD', mother);
    expect(await relate(child, 'FATHER', grandmother)).toMatchObject(refused('CYCLE_REFUSED'));
    expect(await relate(grandmother, 'CHILD', child)).toMatchObject(refused('CYCLE_REFUSED'));
    // A granddaughter may decide for her grandmother, but not the other way round as well.
    expect(await relate(child, 'GUARDIAN', grandmother)).toMatchObject({ verdict: 'APPLIED' });
    expect(await relate(grandmother, 'GUARDIAN', child)).toMatchObject(refused('CYCLE_REFUSED'));
  });

  test('a relation that was ended or never was closes no ring', async () => {
    const [one = '', other = ''] = await people(2);
    const relationshipId = id();
    await relate(one, 'MOTHER', other, { id: relationshipId });
    await d.write(d.worker, 'endRelationship', { relationshipId, enteredInError: true });
    expect(await relate(other, 'MOTHER', one)).toMatchObject({ verdict: 'APPLIED' });
  });

  test('two at once do not close a ring that neither of them sees', async () => {
    const rounds = Array.from({ length: 12 }, async () => {
      const [a = '', b = '', c = '', e = ''] = await people(4);
      await relate(a, 'MOTHER', b);
      await relate(c, 'MOTHER', e);
      // They have no person in common, so no row makes one wait for the other.
      return Promise.all([relate(b, 'MOTHER', c), relate(e, 'MOTHER', a)]);
    });
    for (const answers of await Promise.all(rounds)) {
      expect(answers.map((one) => one['verdict']).sort()).toEqual(['APPLIED', 'REJECTED']);
    }
  });
});

test('a relation is written once; spouses are that of each other', async () => {
  const [one = '', other = ''] = await people(2);
  expect(await relate(one, 'SPOUSE', other)).toMatchObject({ verdict: 'APPLIED' });
  expect(await relate(one, 'SPOUSE', other)).toMatchObject(refused('ALREADY_EXISTS'));
  expect(await relate(other, 'SPOUSE', one)).toMatchObject(refused('ALREADY_EXISTS'));
});

test('ends once, with its day, and not in the future', async () => {
  const [one = '', other = ''] = await people(2);
  const relationshipId = id();
  await relate(one, 'GUARDIAN', other, { id: relationshipId });
  const end = (over = {}) => d.write(d.worker, 'endRelationship', { relationshipId, ...over });
  expect(await end({ endedOn: '2999-01-01' })).toMatchObject(refused('DATE_IN_FUTURE'));
  const ended = { status: 'ENDED', endedOn: '2024-05-01', version: 2 };
  expect(await end({ endedOn: '2024-05-01' })).toMatchObject({ relationship: ended });
  expect(await end({ endedOn: '2024-05-01' })).toMatchObject({ relationship: ended });
  expect(await end({ enteredInError: true })).toMatchObject({
    relationship: { status: 'ENTERED_IN_ERROR', version: 3 },
  });
  expect(await end()).toMatchObject(refused('STATE_REFUSED'));
});

test('the other side stays unknown where it is out of scope', async () => {
  const [mother = '', child = ''] = await people(2);
  await relate(mother, 'MOTHER', child);
  await d.write(d.worker, 'movePatient', { patientId: child, areaId: d.south });
  const answer = await d.ask(
    d.southern,
    `{ patient(id: "${child}") { relationships { fromPatient { id } toPatient { id } } } }`,
  );
  expect(answer.data).toEqual({
    patient: { relationships: [{ fromPatient: null, toPatient: { id: child } }] },
  });
});

test('people out of scope cannot be related, and an end of theirs is kept', async () => {
  const [one = '', other = ''] = await people(2);
  const relationshipId = id();
  await relate(one, 'SIBLING', other, { id: relationshipId });
  expect(await relate(one, 'CAREGIVER', other, {}, d.foreign)).toMatchObject(
    refused('REFERENCE_NOT_FOUND'),
  );
  expect(await d.write(d.foreign, 'endRelationship', { relationshipId })).toMatchObject({
    verdict: 'QUARANTINED',
  });
  expect(await d.write(d.worker, 'endRelationship', { relationshipId: id() })).toMatchObject(
    refused('NOT_FOUND'),
  );
});

test.each([
  ['oneself', 'SET to_patient_id = from_patient_id', 'relationship_not_oneself_check'],
  ['an unknown kind', `SET kind = 'X'`, 'relationship_kind_check'],
  ['an unknown state', `SET status = 'X'`, 'relationship_status_check'],
  ['an end that goes on', `SET ended_on = '2020-01-01'`, 'relationship_ended_on_check'],
])('the database refuses %s as well', async (_name, change, constraint) => {
  const [one = '', other = ''] = await people(2);
  const relation = id();
  await relate(one, 'OTHER', other, { id: relation });
  await expect(
    d.graph.pool.query(`UPDATE relationship ${change} WHERE id = $1`, [relation]),
  ).rejects.toMatchObject({ constraint });
});
