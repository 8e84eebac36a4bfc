import { afterAll, beforeAll, expect, test } from 'vitest';
import { medicines } from '@caregraph/guideline';
import { amoxicillin, openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';
import { routes } from './prescription.input.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

const shown = `prescription { id state version validUntil notes overrideReason
  patient { id } prescriber { id } recordedBy { id } institution { id }
  checkup { id } imported
  items { id position medicine { code } originalCoding { system code display } doseQuantity
    instructions findings { code severity rule about } } }`;
const adult = { ageDays: 12_000, weightKg: 60 };
const child = { ageDays: 900, weightKg: 12 };

async function issue(over: Record<string, unknown>, options: { token?: string } = {}) {
  const input = {
    id: graph.ids.next(),
    patientId: await graph.patient(),
    items: [graph.item()],
    subject: adult,
    ...over,
  };
  return graph.write('issuePrescription', input, { select: shown, ...options });
}

const subjectOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string })
    .sub;

const problemsOf = (receipt: { problems: readonly { code: string; field: string | null }[] }) =>
  receipt.problems.map(({ code, field }) => `${code} ${field}`);

test('a prescription is written and issued in one step', async () => {
  const checkupId = graph.ids.next();
  const items = [graph.item({ instructions: 'After food' })];
  const receipt = await issue({ items, checkupId, notes: 'Cough for five days' });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [],
    prescription: {
      state: 'ISSUED',
      version: 1,
      validUntil: graph.day(30),
      notes: 'Cough for five days',
      prescriber: { id: graph.clinicianId },
      recordedBy: { id: graph.clinicianId },
      institution: { id: graph.clinic },
      checkup: { id: checkupId },
      items: [{ position: 1, medicine: { code: amoxicillin }, instructions: 'After food' }],
    },
  });
});

test('a draft is changed, issued and cancelled; each step is refused in another state', async () => {
  const patientId = await graph.patient();
  const [id, first, second] = [graph.ids.next(), graph.item(), graph.item({ quantity: 10 })];
  const drafted = await graph.write(
    'draftPrescription',
    { id, patientId, items: [first] },
    { select: shown },
  );
  expect(drafted).toMatchObject({ verdict: 'APPLIED', prescription: { state: 'DRAFT' } });
  const changed = await graph.write(
    'updateDraftPrescription',
    { prescriptionId: id, notes: 'Twice', addItems: [second], removeItemIds: [first.id] },
    { select: shown },
  );
  expect(changed).toMatchObject({
    verdict: 'APPLIED',
    prescription: { notes: 'Twice', version: 2, items: [{ id: second.id, position: 2 }] },
  });
  const early = await graph.write('issuePrescription', { id });
  expect(problemsOf(early)).toEqual(['INPUT_INVALID subject']);
  const issued = await graph.write('issuePrescription', { id, subject: adult }, { select: shown });
  expect(issued).toMatchObject({ verdict: 'APPLIED', prescription: { state: 'ISSUED' } });
  const again = await graph.write('issuePrescription', { id, subject: adult });
  expect(problemsOf(again)).toEqual(['STATE_REFUSED id']);
  const late = await graph.write('updateDraftPrescription', { prescriptionId: id, notes: 'Late' });
  expect(late).toMatchObject({ verdict: 'QUARANTINED', problems: [{ code: 'STATE_REFUSED' }] });
  const cancel = { prescriptionId: id, reason: 'Other diagnosis' };
  const cancelled = await graph.write('cancelPrescription', cancel, { select: shown });
  expect(cancelled).toMatchObject({ prescription: { state: 'CANCELLED', version: 4 } });
  const twice = await graph.write('cancelPrescription', cancel);
  expect(problemsOf(twice)).toEqual(['STATE_REFUSED prescriptionId']);
});

test('two people who change a draft at once: other fields merge, the same field conflicts', async () => {
  const id = graph.ids.next();
  const patientId = await graph.patient();
  await graph.write('draftPrescription', { id, patientId, items: [graph.item()], notes: 'First' });
  const otherDevice = graph.ids.next();
  const change = (input: Record<string, unknown>, operation: Record<string, unknown>) =>
    graph.write(
      'updateDraftPrescription',
      { prescriptionId: id, ...input },
      { operation: graph.operation(operation), select: shown },
    );
  await change({ notes: 'Server' }, { baseVersion: 1 });
  const merged = await change(
    { validUntil: graph.day(9) },
    { baseVersion: 1, deviceId: otherDevice, deviceSequence: 1 },
  );
  expect(merged).toMatchObject({ verdict: 'MERGED', prescription: { validUntil: graph.day(9) } });
  const conflict = await change(
    { notes: 'Phone' },
    { baseVersion: 1, deviceId: otherDevice, deviceSequence: 2 },
  );
  expect(conflict).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'notes' }],
    prescription: { notes: 'Server' },
  });
  const { rows } = await graph.pool.query(
    'SELECT field FROM conflict_record WHERE entity_id = $1',
    [id],
  );
  expect(rows).toEqual([{ field: 'notes' }]);
});

test('a dose above the maximum and an impossible route are refused, unless a reason is given', async () => {
  const items = [graph.item({ doseQuantity: 5000 }), graph.item({ route: 'IV' })];
  const refused = await issue({ items });
  expect(refused).toMatchObject({ verdict: 'REJECTED', prescription: null });
  expect(problemsOf(refused)).toEqual([
    'DOSE_REFUSED items.0.doseQuantity',
    'DOSE_REFUSED items.1.route',
  ]);
  const meant = await issue({ items, overrideReason: 'Given on the ward by agreement' });
  expect(meant).toMatchObject({
    verdict: 'APPLIED',
    prescription: { overrideReason: 'Given on the ward by agreement' },
  });
  expect(problemsOf(meant)).toContain('SAFETY_WARNING items.0.doseQuantity');
  expect(JSON.stringify(meant['prescription'])).toContain('DOSE_ABOVE_MAXIMUM');
});

test('a dose for an adult is refused for a child', async () => {
  const refused = await issue({ items: [graph.item({ doseQuantity: 1000 })], subject: child });
  expect(problemsOf(refused)).toEqual(['DOSE_REFUSED items.0.doseQuantity']);
});

test('an allergy on record refuses, a group by ATC code too, and a refuted one does not', async () => {
  for (const substance of [
    { group: 'penicillins' },
    { atcCode: 'J01C' },
    { medicineCode: amoxicillin },
  ]) {
    const patientId = await graph.patient();
    const allergyId = graph.ids.next();
    await graph.write('recordAllergy', { id: allergyId, patientId, substance });
    const refused = await issue({ patientId });
    expect(problemsOf(refused)).toEqual(['DOSE_REFUSED items.0.medicineCode']);
    await graph.write('refuteAllergy', { allergyId, state: 'REFUTED' });
    expect(await issue({ patientId })).toMatchObject({ verdict: 'APPLIED', problems: [] });
  }
});

test('what is taken besides gives a warning with the rule that found it', async () => {
  const patientId = await graph.patient();
  await issue({ patientId });
  const second = await issue({ patientId });
  expect(second).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'items.0.medicineCode' }],
    prescription: {
      items: [
        { findings: [{ code: 'DUPLICATE_MEDICINE', severity: 'WARNING', about: 'J01CA04' }] },
      ],
    },
  });
});

test('an order that cannot be followed is refused field by field', async () => {
  const vague = await issue({
    items: [graph.item({ doseQuantity: null, frequencyPerDay: null, quantity: 0 })],
    subject: null,
  });
  expect(new Set(problemsOf(vague))).toEqual(
    new Set([
      'INPUT_INVALID subject',
      'INPUT_INVALID items.0.doseQuantity',
      'INPUT_INVALID items.0.frequencyPerDay',
      'INPUT_INVALID items.0.quantity',
    ]),
  );
  const unknown = await issue({ items: [graph.item({ medicineCode: 'NO-SUCH' })] });
  expect(problemsOf(unknown)).toEqual(['REFERENCE_NOT_FOUND items.0.medicineCode']);
  expect(problemsOf(await issue({ validUntil: graph.day(-1) }))).toEqual([
    'INPUT_INVALID validUntil',
  ]);
  expect(problemsOf(await issue({ historicState: 'DISPENSED' }))).toEqual([
    'INPUT_INVALID historicState',
  ]);
});

test('history of another system is kept as it was, with what the rules say to it', async () => {
  const patientId = await graph.patient();
  await graph.write('recordAllergy', {
    id: graph.ids.next(),
    patientId,
    substance: { group: 'penicillins' },
  });
  const prescriberId = graph.ids.next();
  const coded = {
    id: graph.ids.next(),
    originalCoding: { system: 'http://rxnorm', code: '308192', display: 'Amoxicillin 500 MG' },
  };
  const items = [coded, { id: graph.ids.next(), medicineCode: amoxicillin }];
  const input = { id: graph.ids.next(), patientId, items, imported: true, prescriberId };
  const receipt = await graph.write(
    'issuePrescription',
    { ...input, historicState: 'EXPIRED', institutionId: graph.ids.next() },
    {
      token: graph.importer,
      select: shown,
      operation: graph.operation({ recordedAt: '2012-03-04T05:06:07.000Z' }),
    },
  );
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'items.1.medicineCode' }],
    prescription: {
      state: 'EXPIRED',
      imported: true,
      prescriber: { id: prescriberId },
      recordedBy: { id: subjectOf(graph.importer) },
      items: [
        { medicine: null, originalCoding: coded.originalCoding, findings: [] },
        { findings: [{ code: 'ALLERGY', about: 'penicillins' }] },
      ],
    },
  });
});

test('history of another system is not handed out here', async () => {
  const item = graph.item({ doseQuantity: 5000, quantity: 2 });
  const imported = { imported: true, historicState: 'ISSUED', subject: null, items: [item] };
  const issued = await issue(imported, { token: graph.importer });
  expect(issued).toMatchObject({ verdict: 'APPLIED', prescription: { state: 'ISSUED' } });
  const { id: prescriptionId } = issued['prescription'] as { id: string };
  const batchId = await graph.stocked(9);
  const handout = { prescriptionId, itemId: item.id, batchId, quantity: 1 };
  for (const [alreadyHandedOut, verdict] of [
    [false, 'REJECTED'],
    [true, 'QUARANTINED'],
  ]) {
    const input = { id: graph.ids.next(), ...handout, alreadyHandedOut };
    const receipt = await graph.write('dispensePrescription', input, { token: graph.pharmacist });
    expect(receipt).toMatchObject({ verdict });
    expect(problemsOf(receipt)).toEqual(['STATE_REFUSED prescriptionId']);
  }
});

test('only an importer writes history: nobody skips the rules or signs for others by it', async () => {
  const patientId = await graph.patient();
  const items = [graph.item({ doseQuantity: 5000 })];
  const history = { patientId, items, imported: true, subject: null };
  for (const over of [
    {},
    { historicState: 'ISSUED' },
    { prescriberId: graph.ids.next(), institutionId: graph.ids.next() },
  ]) {
    const forged = await issue({ ...history, ...over });
    expect(forged).toMatchObject({ verdict: 'REJECTED', prescription: null });
    expect(problemsOf(forged)).toEqual(['NOT_PERMITTED imported']);
  }
  const kept = await issue(history, { token: graph.importer });
  // What does not say what became of it is over.
  expect(kept).toMatchObject({ verdict: 'APPLIED', prescription: { state: 'EXPIRED' } });
  const active = `{ _entities(representations: [{ __typename: "Patient", id: "${patientId}" }]) {
    ... on Patient { activePrescriptions { id } } } }`;
  const answer = await graph.ask(graph.clinician, active);
  expect(answer.data).toEqual({ _entities: [{ activePrescriptions: [] }] });
});

test('whoever issues a draft stands for it, and nobody of another institution touches it', async () => {
  const colleagueId = graph.ids.next();
  const [colleague, elsewhere] = await Promise.all([
    graph.token({
      id: colleagueId,
      roles: ['clinician'],
      institutionId: graph.clinic,
      areaRoots: [graph.village],
    }),
    graph.token({ roles: ['clinician'], areaRoots: [graph.village] }),
  ]);
  const id = graph.ids.next();
  const input = { id, patientId: await graph.patient(), items: [graph.item()], subject: adult };
  await graph.write('draftPrescription', input);
  const rewrite = { prescriptionId: id, notes: 'Rewritten' };
  const denied = { token: elsewhere };
  expect(problemsOf(await graph.write('updateDraftPrescription', rewrite, denied))).toEqual([
    'NOT_PERMITTED prescriptionId',
  ]);
  expect(problemsOf(await graph.write('issuePrescription', { id }, denied))).toEqual([
    'NOT_PERMITTED id',
  ]);
  const allowed = { token: colleague, select: shown };
  expect(await graph.write('updateDraftPrescription', rewrite, allowed)).toMatchObject({
    verdict: 'APPLIED',
    prescription: { state: 'DRAFT', notes: 'Rewritten', prescriber: { id: graph.clinicianId } },
  });
  expect(await graph.write('issuePrescription', { id }, allowed)).toMatchObject({
    verdict: 'APPLIED',
    prescription: {
      state: 'ISSUED',
      prescriber: { id: colleagueId },
      recordedBy: { id: graph.clinicianId },
      institution: { id: graph.clinic },
    },
  });
});

test('a drafter who moved to another institution still issues their draft, from there', async () => {
  const id = graph.ids.next();
  const input = { id, patientId: await graph.patient(), items: [graph.item()], subject: adult };
  await graph.write('draftPrescription', input);
  const hospital = graph.ids.next();
  const token = await graph.token({
    id: graph.clinicianId,
    roles: ['clinician'],
    institutionId: hospital,
    areaRoots: [graph.village],
  });
  expect(await graph.write('issuePrescription', { id }, { token, select: shown })).toMatchObject({
    verdict: 'APPLIED',
    prescription: { prescriber: { id: graph.clinicianId }, institution: { id: hospital } },
  });
});

test('a prescription for someone not known here yet is its author’s until they arrive', async () => {
  const patientId = graph.ids.next();
  const receipt = await issue({ patientId });
  expect(receipt).toMatchObject({ verdict: 'PROVISIONAL', prescription: { state: 'ISSUED' } });
  expect(problemsOf(receipt)).toEqual(['PATIENT_NOT_KNOWN_YET patientId']);
  const { id } = receipt['prescription'] as { id: string };
  const see = async (token: string) =>
    (await graph.ask(token, `{ prescription(id: "${id}") { id } }`)).data?.['prescription'];
  expect(await see(graph.pharmacist)).toBeNull();
  expect(await see(graph.clinician)).toEqual({ id });
  await graph.place({ patientId });
  expect(await see(graph.pharmacist)).toEqual({ id });
});

test('out of scope nothing is seen, and what was written is kept for review', async () => {
  const { id, patientId } = await graph.prescribed();
  const query = `query ($id: UUID!, $patientId: UUID!) { prescription(id: $id) { id }
    _entities(representations: [{ __typename: "Patient", id: $patientId }]) { ... on Patient {
      prescriptions { edges { node { id } } } activePrescriptions { id } allergies { id } } } }`;
  const seen = await graph.ask(graph.worker, query, { id, patientId });
  expect(seen).toMatchObject({
    errors: [],
    data: {
      prescription: { id },
      _entities: [{ prescriptions: { edges: [{ node: { id } }] }, activePrescriptions: [{ id }] }],
    },
  });
  const hidden = await graph.ask(graph.outsider, query, { id, patientId });
  expect(hidden).toMatchObject({
    errors: [],
    data: {
      prescription: null,
      // Not an empty list: nobody may read "no allergies" where they merely see none.
      _entities: [{ prescriptions: null, activePrescriptions: null, allergies: null }],
    },
  });
  const foreign = await issue({ patientId }, { token: graph.outsider });
  expect(foreign).toMatchObject({
    verdict: 'QUARANTINED',
    problems: [{ code: 'OUT_OF_SCOPE_KEPT', field: 'patientId' }],
  });
  const cancel = { prescriptionId: id, reason: 'Not mine' };
  const kept = await graph.write('cancelPrescription', cancel, { token: graph.outsider });
  expect(kept).toMatchObject({ verdict: 'QUARANTINED' });
  const reads = (await graph.accesses(patientId)).filter(({ action }) => action === 'READ');
  expect(reads).toHaveLength(1);
  expect(reads[0]).toMatchObject({ accesses: [{ patientId, types: ['Prescription'] }] });
});

test('reading and writing ask for their permissions, on every way to a record', async () => {
  const { id, patientId } = await graph.prescribed();
  const code = async (token: string, query: string) =>
    (await graph.ask(token, query)).errors[0]?.extensions.code;
  const entity = (type: string, field: string, key = patientId) => `{ _entities(
    representations: [{ __typename: "${type}", id: "${key}" }]) { ... on ${type} { ${field} } } }`;
  for (const query of [
    `{ prescription(id: "${id}") { id } }`,
    '{ prescriptions { edges { cursor } } }',
    entity('Patient', 'activePrescriptions { id }'),
    entity('Prescription', 'state', id),
  ]) {
    expect(await code(graph.admin, query)).toBe('FORBIDDEN');
    expect(await code(graph.worker, query)).toBeUndefined();
  }
  const input = { id: graph.ids.next(), patientId, items: [graph.item()], subject: adult };
  for (const token of [graph.worker, graph.pharmacist, graph.admin]) {
    const answer = await graph.attempt('issuePrescription', input, { token });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  }
});

test('fifty patients cost as many statements as one', async () => {
  const patients: string[] = [];
  const batchId = await graph.stocked(100);
  for (let index = 0; index < 50; index += 1) {
    const order = await graph.prescribed();
    patients.push(order.patientId);
    if (index % 2 === 1) continue;
    const input = { id: graph.ids.next(), batchId, quantity: 1, itemId: order.itemId };
    const handout = { ...input, prescriptionId: order.id };
    await graph.write('dispensePrescription', handout, { token: graph.pharmacist });
  }
  const query = `query ($patients: [_Any!]!) { _entities(representations: $patients) {
    ... on Patient { id allergies { id } activePrescriptions { id }
      prescriptions(first: 3) { edges { node { state items { medicine { name } }
        dispensings { quantity batchNumber batch { onHand } } } } } } } }`;
  const of = (ids: string[]) => ({ patients: ids.map((id) => ({ __typename: 'Patient', id })) });
  const few = await graph.reads(graph.pharmacist, query, of(patients.slice(0, 2)));
  expect(few).toBeGreaterThan(5);
  expect(await graph.reads(graph.pharmacist, query, of(patients))).toBe(few);
});

test('lists take filters, and pages stay as they are while prescriptions are written', async () => {
  const patientId = await graph.patient();
  const orders: string[] = [];
  for (let index = 0; index < 5; index += 1)
    orders.push((await graph.prescribed({ patientId })).id);
  const newest = [...orders].reverse();
  const page = async (args: string) => {
    const query = `query ($id: UUID!) { _entities(representations: [{ __typename: "Patient",
      id: $id }]) { ... on Patient { prescriptions(${args}) { edges { cursor node { id } } } } } }`
      .replace('id: $id', `id: "${patientId}"`)
      .replace('query ($id: UUID!)', '');
    const answer = await graph.ask(graph.clinician, query);
    expect(answer.errors).toEqual([]);
    const [patient] = answer.data?.['_entities'] as {
      prescriptions: { edges: { cursor: string; node: { id: string } }[] };
    }[];
    return patient?.prescriptions.edges ?? [];
  };
  const first = await page('first: 2');
  await graph.prescribed({ patientId });
  const second = await page(`first: 2, after: "${first.at(-1)?.cursor}"`);
  expect([...first, ...second].map(({ node }) => node.id)).toEqual(newest.slice(0, 4));

  const [expired = '', cancelled = ''] = orders;
  await graph.pool.query('UPDATE prescription SET valid_until = $2 WHERE id = $1', [
    expired,
    graph.day(-1),
  ]);
  await graph.write('cancelPrescription', { prescriptionId: cancelled, reason: 'Changed' });
  const ids = async (args: string) => (await page(args)).map(({ node }) => node.id);
  expect(await ids('state: EXPIRED')).toEqual([expired]);
  expect(await ids('state: CANCELLED')).toEqual([cancelled]);
  expect(await ids('state: ISSUED')).toHaveLength(4);
  const all = async (args: string) => {
    const query = `{ prescriptions(first: 200, ${args}) { edges { node { id state } } } }`;
    const answer = await graph.ask(graph.clinician, query);
    expect(answer.errors).toEqual([]);
    const list = answer.data?.['prescriptions'] as { edges: { node: { id: string } }[] };
    return list.edges.map(({ node }) => node.id);
  };
  expect(await all('state: EXPIRED')).toContain(expired);
  expect(await all('state: ISSUED')).not.toContain(expired);
  expect(await all(`areaId: "${graph.district}"`)).toContain(expired);
  expect(await all(`areaId: "${graph.ids.next()}"`)).toEqual([]);
  expect(await all(`institutionId: "${graph.clinic}"`)).toContain(expired);
  expect(await all('from: "2020-01-01T00:00:00Z"')).toContain(expired);
  expect(await all('to: "2010-01-01T00:00:00Z"')).toEqual([]);
});

test('the prescriptions of a visit come with it', async () => {
  const checkupId = graph.ids.next();
  const { id } = await graph.prescribed({ checkupId });
  const query = `{ _entities(representations: [{ __typename: "Checkup", id: "${checkupId}" }]) {
    ... on Checkup { prescriptions { id } } } }`;
  const answer = await graph.ask(graph.clinician, query);
  expect(answer.data).toEqual({ _entities: [{ prescriptions: [{ id }] }] });
});

test('a device replays many operations at once, in order, each in its own transaction', async () => {
  const patientId = await graph.patient();
  const [id, item] = [graph.ids.next(), graph.item()];
  const operations = [
    { operation: graph.operation(), draftPrescription: { id, patientId, items: [item] } },
    { operation: graph.operation(), issuePrescription: { id, subject: adult } },
    { operation: graph.operation(), cancelPrescription: { prescriptionId: id, reason: 'Error' } },
  ];
  const query = `mutation ($operations: [PrescriptionOperation!]!) {
    applyPrescriptionOperations(operations: $operations) { __typename verdict replayed } }`;
  const answer = await graph.ask(graph.clinician, query, { operations });
  expect(answer).toMatchObject({
    errors: [],
    data: {
      applyPrescriptionOperations: [
        { __typename: 'DraftPrescriptionReceipt', verdict: 'APPLIED', replayed: false },
        { __typename: 'IssuePrescriptionReceipt', verdict: 'APPLIED' },
        { __typename: 'CancelPrescriptionReceipt', verdict: 'APPLIED' },
      ],
    },
  });
  const again = await graph.ask(graph.clinician, query, { operations });
  expect(JSON.stringify(again.data)).not.toContain('"replayed":false');
});

test('the database refuses impossible values by itself', async () => {
  const { id, itemId } = await graph.prescribed();
  const refused = (sql: string, key: string) =>
    expect(graph.pool.query(sql, [key])).rejects.toThrow(/violates/);
  await refused('UPDATE prescription_item SET dose_quantity = -1 WHERE id = $1', itemId);
  await refused('UPDATE prescription_item SET frequency_per_day = 25 WHERE id = $1', itemId);
  await refused('UPDATE prescription_item SET duration_days = 400 WHERE id = $1', itemId);
  await refused('UPDATE prescription_item SET medicine_code = NULL WHERE id = $1', itemId);
  await refused(`UPDATE prescription SET state = 'LOST' WHERE id = $1`, id);
  await refused(`UPDATE prescription SET state = 'CANCELLED' WHERE id = $1`, id);
});

test('the routes of an order are those of the reference data', () => {
  const stocked = medicines.entries.flatMap(({ presentations }) =>
    presentations.flatMap((one) => one.routes),
  );
  expect([...new Set(stocked)].sort()).toEqual([...routes].sort());
});

test('a pharmacist sees a prescription, and not at which checkup it was written', async () => {
  const checkupId = graph.ids.next();
  const { id } = await graph.prescribed({ checkupId });
  const query = `query ($id: UUID!, $of: [_Any!]!) {
    prescription(id: $id) { state checkup { id } }
    _entities(representations: $of) { ... on Checkup { prescriptions { id } } }
  }`;
  const variables = { id, of: [{ __typename: 'Checkup', id: checkupId }] };
  expect(await graph.ask(graph.worker, query, variables)).toMatchObject({
    data: {
      prescription: { state: 'ISSUED', checkup: { id: checkupId } },
      _entities: [{ prescriptions: [{ id }] }],
    },
    errors: [],
  });
  const answer = await graph.ask(graph.pharmacist, query, variables);
  expect(answer.data).toEqual({
    prescription: { state: 'ISSUED', checkup: null },
    _entities: [null],
  });
  expect(answer.errors.map(({ extensions }) => extensions)).toMatchObject([
    { code: 'FORBIDDEN', coordinate: 'Checkup.__resolveReference' },
    { code: 'FORBIDDEN', coordinate: 'Prescription.checkup' },
  ]);
});
