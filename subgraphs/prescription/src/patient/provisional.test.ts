import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

/** The ids that a token sees of a patient, by list; null where the patient is out of scope. */
async function seen(token: string, patientId: string) {
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Patient {
    prescriptions(first: 1) { edges { node { id } } }
    activePrescriptions { id } allergies { id } } } }`;
  const of = [{ __typename: 'Patient', id: patientId }];
  const answer = await graph.ask(token, query, { of });
  expect(answer.errors).toEqual([]);
  const [patient] = answer.data?.['_entities'] as {
    prescriptions: { edges: { node: { id: string } }[] } | null;
    activePrescriptions: { id: string }[] | null;
    allergies: { id: string }[] | null;
  }[];
  return {
    prescriptions: patient?.prescriptions?.edges.map(({ node }) => node.id) ?? null,
    active: patient?.activePrescriptions?.map(({ id }) => id) ?? null,
    allergies: patient?.allergies?.map(({ id }) => id) ?? null,
  };
}

test('of an unknown patient each author sees and changes their own records alone', async () => {
  const patientId = graph.ids.next();
  const record = async (token: string) => {
    const [allergyId, id] = [graph.ids.next(), graph.ids.next()];
    const allergy = { id: allergyId, patientId, substance: { group: 'nsaids' } };
    const written = await graph.write('recordAllergy', allergy, { token });
    const subject = { ageDays: 12_000, weightKg: 60 };
    const prescription = { id, patientId, subject, items: [graph.item()] };
    const issued = await graph.write('issuePrescription', prescription, { token });
    expect([written.verdict, issued.verdict]).toEqual(['PROVISIONAL', 'PROVISIONAL']);
    return { prescriptions: [id], active: [id], allergies: [allergyId] };
  };
  const own = await record(graph.clinician);
  const cancel = (id: string | undefined, token: string) =>
    graph.write('cancelPrescription', { prescriptionId: id, reason: 'Mistaken' }, { token });
  // Two, and later: a page of one must leave them out before it counts.
  const [earlier, strangers] = [await record(graph.outsider), await record(graph.outsider)];
  expect(await seen(graph.clinician, patientId)).toEqual(own);
  expect(await seen(graph.outsider, patientId)).toEqual({
    prescriptions: strangers.prescriptions,
    active: [...strangers.active, ...earlier.active],
    allergies: [...strangers.allergies, ...earlier.allergies],
  });
  const nothing = { prescriptions: null, active: null, allergies: null };
  expect(await seen(graph.worker, patientId)).toEqual(nothing);
  expect(await cancel(own.prescriptions[0], graph.outsider)).toMatchObject({
    verdict: 'QUARANTINED',
  });
  await graph.place({ patientId });
  expect(await seen(graph.outsider, patientId)).toEqual(nothing);
  const { allergies } = await seen(graph.worker, patientId);
  const all = [strangers, earlier, own].flatMap((one) => one.allergies);
  expect(allergies).toEqual(all);
  expect(await cancel(own.prescriptions[0], graph.clinician)).toMatchObject({ verdict: 'APPLIED' });
});

test('of an unknown patient the only author may change what they recorded', async () => {
  const [id, patientId] = [graph.ids.next(), graph.ids.next()];
  const allergy = { id, patientId, substance: { group: 'nsaids' } };
  await graph.write('recordAllergy', allergy);
  const refutation = { allergyId: id, state: 'ENTERED_IN_ERROR' };
  const foreign = await graph.write('refuteAllergy', refutation, { token: graph.outsider });
  expect(foreign).toMatchObject({ verdict: 'QUARANTINED' });
  expect(await graph.write('refuteAllergy', refutation)).toMatchObject({ verdict: 'APPLIED' });
});
