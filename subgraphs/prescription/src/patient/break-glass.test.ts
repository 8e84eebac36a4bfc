import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';

/** What a grant for one patient's record reaches here: all of theirs, and of nobody else. */

type Json = Record<string, unknown>;

let graph: TestPharmacy;
let clinicianId: string;
let clinician: string;
beforeAll(async () => {
  graph = await openTestPharmacy();
  clinicianId = graph.ids.next();
  clinician = await graph.token({ id: clinicianId, roles: ['clinician'] });
});
afterAll(() => graph.stop());

const record = `query ($id: UUID!, $of: [_Any!]!) {
  prescription(id: $id) { id items { id } }
  _entities(representations: $of) { ... on Patient {
    prescriptions { edges { node { id } } } activePrescriptions { id } allergies { id }
  } }
}`;

async function read(patientId: string, id: string, headers: Readonly<Record<string, string>> = {}) {
  const variables = { id, of: [{ __typename: 'Patient', id: patientId }] };
  const { data, errors } = await graph.ask(clinician, record, variables, headers);
  expect(errors).toEqual([]);
  const { prescription, _entities } = data as { prescription: Json | null; _entities: Json[] };
  return { prescription, patient: _entities[0] };
}

async function recordAllergy(patientId: string, headers: Readonly<Record<string, string>>) {
  const mutation = `mutation ($operation: OperationInput!, $input: RecordAllergyInput!) {
    recordAllergy(operation: $operation, input: $input) { verdict problems { code } }
  }`;
  const substance = { group: 'penicillins' };
  const input = { id: graph.ids.next(), patientId, substance, severity: 'SEVERE' };
  const variables = { operation: graph.operation(), input };
  const { data, errors } = await graph.ask(clinician, mutation, variables, headers);
  expect(errors).toEqual([]);
  return { id: input.id, receipt: data?.['recordAllergy'] as Json };
}

test('prescriptions and allergies of the one patient, and of no other', async () => {
  const theirs = await graph.prescribed();
  const neighbours = await graph.prescribed();
  const headers = await graph.grant(clinicianId, theirs.patientId);
  const hidden = {
    prescription: null,
    patient: { prescriptions: null, activePrescriptions: null, allergies: null },
  };
  expect(await read(theirs.patientId, theirs.id)).toEqual(hidden);
  expect(await read(theirs.patientId, theirs.id, headers)).toMatchObject({
    prescription: { id: theirs.id, items: [{ id: theirs.itemId }] },
    patient: { prescriptions: { edges: [{ node: { id: theirs.id } }] }, allergies: [] },
  });
  expect(await read(neighbours.patientId, neighbours.id, headers)).toEqual(hidden);
});

test('an allergy is recorded under a grant, marked as such', async () => {
  const [patientId, neighbourId] = [await graph.patient(), await graph.patient()];
  const headers = await graph.grant(clinicianId, patientId);
  const { id, receipt } = await recordAllergy(patientId, headers);
  expect(receipt).toMatchObject({ verdict: 'APPLIED' });
  const { patient } = await read(patientId, id, headers);
  expect(patient).toMatchObject({ allergies: [{ id }] });
  expect((await recordAllergy(neighbourId, headers)).receipt).toMatchObject({
    verdict: 'QUARANTINED',
  });
  const marks = (await graph.accesses(patientId)).map((one) => one['breakGlass']);
  expect(marks).toMatchObject([{ patientId }, { patientId }]);
  expect((await graph.accesses(neighbourId)).map((one) => one['breakGlass'])).toEqual([undefined]);
});
