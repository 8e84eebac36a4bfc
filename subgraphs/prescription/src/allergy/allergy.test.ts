import { afterAll, beforeAll, expect, test } from 'vitest';
import { amoxicillin, openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

const shown = `allergy { id state severity reaction version refutedBy { id } recordedBy { id }
  substance { medicine { code } atcCode group originalCoding { code display } } }`;

function record(input: Record<string, unknown>, options: Record<string, unknown> = {}) {
  const all = { id: graph.ids.next(), substance: { group: 'penicillins' }, ...input };
  return graph.write('recordAllergy', all, { select: shown, ...options });
}

test('an allergy is recorded with what is known of its substance', async () => {
  const patientId = await graph.patient();
  const coded = { code: '91936005', display: 'Allergy to penicillin' };
  const receipt = await record({
    patientId,
    substance: { medicineCode: amoxicillin, atcCode: 'J01C', originalCoding: coded },
    severity: 'SEVERE',
    reaction: 'Rash after the first dose',
  });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    allergy: {
      state: 'ACTIVE',
      severity: 'SEVERE',
      reaction: 'Rash after the first dose',
      substance: { medicine: { code: amoxicillin }, atcCode: 'J01C', originalCoding: coded },
    },
  });
  const writes = await graph.accesses(patientId);
  expect(writes[0]).toMatchObject({ action: 'WRITE', operation: 'recordAllergy' });
});

test('a substance must say something that is known', async () => {
  const patientId = await graph.patient();
  for (const substance of [{}, { atcCode: 'J0' }, { group: 'no such group' }]) {
    const receipt = await record({ patientId, substance });
    expect(receipt).toMatchObject({ verdict: 'REJECTED', problems: [{ code: 'INPUT_INVALID' }] });
  }
  const unknown = await record({ patientId, substance: { medicineCode: 'NO-SUCH' } });
  expect(unknown).toMatchObject({ problems: [{ code: 'REFERENCE_NOT_FOUND' }] });
});

test('who prescribes refutes; others take back only what they recorded', async () => {
  const patientId = await graph.patient();
  const refute = (allergyId: string, state: string, token: string) =>
    graph.write('refuteAllergy', { allergyId, state }, { token, select: shown });
  const [hers, mine, other] = [graph.ids.next(), graph.ids.next(), graph.ids.next()];
  await record({ id: hers, patientId });
  await record({ id: mine, patientId }, { token: graph.worker });
  await record({ id: other, patientId });
  const state = { verdict: 'REJECTED', problems: [{ code: 'STATE_REFUSED', field: 'state' }] };
  expect(await refute(hers, 'ENTERED_IN_ERROR', graph.worker)).toMatchObject(state);
  expect(await refute(mine, 'REFUTED', graph.worker)).toMatchObject(state);
  expect(await refute(mine, 'ENTERED_IN_ERROR', graph.worker)).toMatchObject({
    verdict: 'APPLIED',
    allergy: { state: 'ENTERED_IN_ERROR', version: 2 },
  });
  expect(await refute(hers, 'REFUTED', graph.clinician)).toMatchObject({
    allergy: { state: 'REFUTED', refutedBy: { id: graph.clinicianId } },
  });
  expect(await refute(hers, 'REFUTED', graph.clinician)).toMatchObject({
    problems: [{ code: 'STATE_REFUSED', field: 'allergyId' }],
  });
  expect(await refute(other, 'REFUTED', graph.outsider)).toMatchObject({
    verdict: 'QUARANTINED',
    allergy: null,
  });
  const query = `{ _entities(representations: [{ __typename: "Patient", id: "${patientId}" }]) {
    ... on Patient { allergies { id } refuted: allergies(state: REFUTED) { id } } } }`;
  const seen = await graph.ask(graph.clinician, query);
  expect(seen.data).toEqual({
    _entities: [{ allergies: [{ id: other }], refuted: [{ id: hers }] }],
  });
});

test('allergies are read by those who may, of those in their scope', async () => {
  const patientId = await graph.patient();
  const id = graph.ids.next();
  await record({ id, patientId });
  const query = `{ allergy(id: "${id}") { id } }`;
  expect((await graph.ask(graph.pharmacist, query)).data).toEqual({ allergy: { id } });
  expect((await graph.ask(graph.outsider, query)).data).toEqual({ allergy: null });
  expect((await graph.ask(graph.admin, query)).errors[0]?.extensions.code).toBe('FORBIDDEN');
  const input = { id: graph.ids.next(), patientId, substance: { group: 'nsaids' } };
  const denied = await graph.attempt('recordAllergy', input, { token: graph.pharmacist });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
});
