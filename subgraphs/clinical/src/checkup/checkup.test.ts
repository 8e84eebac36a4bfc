import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vitalLimits } from '@caregraph/guideline';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';
import type { VitalsValues } from './checkup.input.ts';

let graph: TestDistrict;

beforeAll(async () => {
  graph = await startTestDistrict();
});
afterAll(() => graph.stop());

const seen = `checkup { id visitType occurredAt notes ageDays vitals { systolicMmHg weightKg }
  dangerSigns { code source title severity } diagnoses { certainty onsetOn disease { code title chapter }
  coding { system code display } } recordedBy { id } institution { id } patient { id } }`;

function checkup(patientId: string, over: Record<string, unknown> = {}) {
  return { id: graph.ids.next(), patientId, visitType: 'GENERAL', ageDays: 9000, ...over };
}

test('a checkup is recorded with its findings, and read back as it was', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId, {
    visitType: 'ANC',
    vitals: { systolicMmHg: 165, diastolicMmHg: 112, weightKg: 61.5 },
    dangerSigns: ['PREG_VAGINAL_BLEEDING'],
    notes: 'सिरदर्द, कल से',
    diagnoses: [
      { diseaseCode: 'O14.1', certainty: 'SUSPECTED', onsetOn: '2026-01-02' },
      { coding: { system: 'http://snomed.info/sct', code: '38341003', display: 'Hypertension' } },
    ],
  });
  const operation = graph.operation();
  const receipt = await graph.write('recordCheckup', input, { select: seen, operation });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    replayed: false,
    checkup: {
      id: input.id,
      occurredAt: operation['recordedAt'],
      notes: 'सिरदर्द, कल से',
      vitals: { systolicMmHg: 165, weightKg: 61.5 },
      diagnoses: [
        { certainty: 'SUSPECTED', onsetOn: '2026-01-02', coding: null, disease: { code: 'O14.1' } },
        { certainty: 'CONFIRMED', disease: null, coding: { code: '38341003' } },
      ],
      recordedBy: { id: graph.workerId },
      institution: { id: graph.clinic },
      patient: { id: patientId },
    },
  });
  const { dangerSigns } = receipt['checkup'] as { dangerSigns: unknown[] };
  expect(dangerSigns).toContainEqual({
    code: 'PREG_VAGINAL_BLEEDING',
    source: 'STATED',
    title: 'Vaginal bleeding',
    severity: 'EMERGENCY',
  });
  expect(dangerSigns).toContainEqual(
    expect.objectContaining({ code: 'PREG_SEVERE_HYPERTENSION', source: 'DERIVED' }),
  );
  const again = await graph.write('recordCheckup', input, { operation, select: 'checkup { id }' });
  expect(again).toMatchObject({ verdict: 'APPLIED', replayed: true, checkup: { id: input.id } });
  const other = await graph.attempt('recordCheckup', { ...input, notes: 'x' }, { operation });
  expect(other.errors[0]?.extensions.code).toBe('OPERATION_ID_REUSED');
});

test('the notes lie sealed in the store, not in a column of text', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId, { notes: 'a secret' });
  await graph.write('recordCheckup', input);
  const { rows } = await graph.pool.query('SELECT notes FROM checkup WHERE id = $1', [input.id]);
  expect(rows[0]?.notes).toBeInstanceOf(Buffer);
});

const columns: Readonly<Record<string, keyof VitalsValues>> = {
  pulsePerMinute: 'pulsePerMin',
  respiratoryRatePerMinute: 'respiratoryRatePerMin',
  haemoglobinGPerDl: 'haemoglobinGdl',
  glucoseMgPerDl: 'glucoseMmolL',
  fetalHeartRatePerMinute: 'fetalHeartRatePerMin',
};
const wholeNumbers = /PerMin$|MmHg$|muacMm/;

test.each(
  vitalLimits.entries.flatMap(({ field, possible }) => {
    const name = columns[field] ?? field;
    const scale = name === 'glucoseMmolL' ? 18.016 : 1;
    const step = wholeNumbers.test(name) ? 1 : 0.1;
    return [
      [name, possible.min / scale, possible.min / scale - step] as const,
      [name, possible.max / scale, possible.max / scale + step] as const,
    ];
  }),
)('%s of %d is possible, and of %d is refused, by the database too', async (name, good, bad) => {
  const patientId = await graph.patient();
  // Rounded to the inside, because 5 mg/dL is no finite number of mmol/L.
  const inside = name === 'glucoseMmolL' ? Number((good < 1 ? 0.278 : 111).toFixed(3)) : good;
  const kept = checkup(patientId, { vitals: { [name]: inside } });
  expect(await graph.write('recordCheckup', kept)).toMatchObject({ verdict: 'APPLIED' });
  const refused = checkup(patientId, { vitals: { [name]: bad } });
  expect(await graph.write('recordCheckup', refused)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'VALUE_IMPOSSIBLE', field: `vitals.${name}` }],
  });
  const column = name
    .replace('MmHg', '_mmhg')
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const copy = graph.pool.query(
    `INSERT INTO checkup (id, patient_id, visit_type, occurred_at, institution_id, version,
       field_versions, author_id, recorded_at, received_at, ${column})
     SELECT $1, patient_id, visit_type, occurred_at, institution_id, version,
       field_versions, author_id, recorded_at, received_at, $3 FROM checkup WHERE id = $2`,
    [graph.ids.next(), kept.id, bad],
  );
  await expect(copy).rejects.toMatchObject({
    code: '23514',
    constraint: `checkup_${column}_check`,
  });
});

test('the diastolic pressure is below the systolic one', async () => {
  const patientId = await graph.patient();
  const vitals = { systolicMmHg: 90, diastolicMmHg: 120 };
  expect(await graph.write('recordCheckup', checkup(patientId, { vitals }))).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'VALUE_IMPOSSIBLE', field: 'vitals.diastolicMmHg' }],
  });
});

test('a doubtful value is kept with a warning; without an age no limit of age is applied', async () => {
  const patientId = await graph.patient();
  const vitals = { systolicMmHg: 280, diastolicMmHg: 110 };
  const warned = await graph.write('recordCheckup', checkup(patientId, { vitals }));
  expect(warned).toMatchObject({ verdict: 'APPLIED' });
  expect(warned.problems).toContainEqual({
    code: 'SAFETY_WARNING',
    field: 'vitals.systolicMmHg',
  });
  const ageless = checkup(patientId, { vitals, ageDays: null });
  const receipt = await graph.write('recordCheckup', ageless, { select: seen });
  expect(receipt).toMatchObject({ verdict: 'APPLIED', problems: [], checkup: { dangerSigns: [] } });
});

test('codes that are not known and days ahead are refused, all at once', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId, {
    dangerSigns: ['GENERAL_NONSENSE'],
    pregnancyId: graph.ids.next(),
    diagnoses: [{ diseaseCode: 'X99.99', onsetOn: '2999-01-01' }],
  });
  const operation = graph.operation();
  for (const replayed of [false, true]) {
    expect(await graph.write('recordCheckup', input, { operation, select: seen })).toMatchObject({
      verdict: 'REJECTED',
      replayed,
      checkup: null,
      problems: [
        { code: 'REFERENCE_NOT_FOUND', field: 'pregnancyId' },
        { code: 'REFERENCE_NOT_FOUND', field: 'dangerSigns.0' },
        { code: 'REFERENCE_NOT_FOUND', field: 'diagnoses.0.diseaseCode' },
        { code: 'DATE_IN_FUTURE', field: 'diagnoses.0.onsetOn' },
      ],
    });
  }
  const nameless = checkup(patientId, { diagnoses: [{ certainty: 'CONFIRMED' }] });
  expect(await graph.write('recordCheckup', nameless)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'INPUT_INVALID', field: 'diagnoses.0.diseaseCode' }],
  });
});

test('an amendment takes the place of a checkup, which is never changed', async () => {
  const patientId = await graph.patient();
  const first = checkup(patientId, { vitals: { weightKg: 16 }, notes: 'first' });
  const recordedAt = '2026-01-05T06:00:00.000Z';
  await graph.write('recordCheckup', first, { operation: graph.operation({ recordedAt }) });
  const before = await graph.pool.query('SELECT * FROM checkup WHERE id = $1', [first.id]);
  const amendment = {
    id: graph.ids.next(),
    amendsId: first.id,
    reason: 'MEASUREMENT_ERROR',
    vitals: { weightKg: 61 },
  };
  expect(
    await graph.write('amendCheckup', amendment, {
      select: `checkup { visitType occurredAt ageDays amendmentReason notes vitals { weightKg }
        amends { id amendedBy { id } } amendedBy { id } }`,
    }),
  ).toMatchObject({
    verdict: 'APPLIED',
    checkup: {
      occurredAt: recordedAt,
      ageDays: 9000,
      notes: null,
      vitals: { weightKg: 61 },
      amends: { id: first.id, amendedBy: { id: amendment.id } },
      amendedBy: null,
    },
  });
  const after = await graph.pool.query('SELECT * FROM checkup WHERE id = $1', [first.id]);
  expect(after.rows).toEqual(before.rows);
  expect(await listed(patientId)).toEqual([amendment.id]);
  const read = `query ($id: UUID!) { checkup(id: $id) { notes amendments { id } } }`;
  const answer = await graph.ask(graph.worker, read, { id: first.id });
  expect(answer.data?.['checkup']).toEqual({ notes: 'first', amendments: [{ id: amendment.id }] });
});

test('two who amend the same checkup at once are both kept, with a conflict', async () => {
  const patientId = await graph.patient();
  const first = checkup(patientId);
  await graph.write('recordCheckup', first);
  const amend = () =>
    graph.write('amendCheckup', {
      id: graph.ids.next(),
      amendsId: first.id,
      reason: 'ADDITIONAL_INFORMATION',
    });
  const receipts = await Promise.all([amend(), amend()]);
  expect(receipts.map(({ verdict }) => verdict).sort()).toEqual(['APPLIED', 'CONFLICT']);
  expect(await listed(patientId)).toHaveLength(2);
});

test('a checkup of the wrong patient is taken back without another in its place', async () => {
  const patientId = await graph.patient();
  const first = checkup(patientId);
  await graph.write('recordCheckup', first);
  const withdrawal = {
    id: graph.ids.next(),
    amendsId: first.id,
    reason: 'WRONG_PATIENT',
    withdraws: true,
  };
  expect(await graph.write('amendCheckup', { ...withdrawal, notes: 'x' })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'INPUT_INVALID', field: 'withdraws' }],
  });
  expect(await graph.write('amendCheckup', withdrawal)).toMatchObject({ verdict: 'APPLIED' });
  expect(await listed(patientId)).toEqual([]);
  const latest = await entities(graph.worker, [patientId], 'latestCheckup { id }');
  expect(latest).toEqual([{ latestCheckup: null }]);
});

test('a checkup before its patient is provisional, its author sees it, and it settles', async () => {
  const patientId = graph.ids.next();
  const input = checkup(patientId);
  const select = 'checkup { id }';
  expect(await graph.write('recordCheckup', input, { select })).toMatchObject({
    verdict: 'PROVISIONAL',
    problems: [{ code: 'PATIENT_NOT_KNOWN_YET' }],
    checkup: { id: input.id },
  });
  const read = `query ($id: UUID!) { checkup(id: $id) { id } }`;
  const colleague = await graph.token({ areaRoots: [graph.villageA] });
  const unseen = await graph.ask(colleague, read, { id: input.id });
  expect(unseen).toMatchObject({ data: { checkup: null }, errors: [] });
  const second = await graph.write('recordCheckup', checkup(patientId), { token: graph.outsider });
  expect(second).toMatchObject({ verdict: 'PROVISIONAL' });
  await graph.patient({ patientId });
  const settled = await graph.ask(colleague, read, { id: input.id });
  expect(settled.data).toEqual({ checkup: { id: input.id } });
});

test('who records first for an unknown patient sees nothing of what others record', async () => {
  const patientId = graph.ids.next();
  const strangers = checkup(patientId);
  await graph.write('recordCheckup', strangers, { token: graph.outsider });
  // One more, so that a page of one must leave out what is not the reader's before it counts.
  await graph.write('recordCheckup', checkup(patientId), { token: graph.worker });
  const own = checkup(patientId);
  await graph.write('recordCheckup', own, { token: graph.worker });
  const query = `query ($own: UUID!, $strangers: UUID!, $of: [_Any!]!) {
    own: checkup(id: $own) { id } strangers: checkup(id: $strangers) { id }
    all: checkups(first: 200) { edges { node { id } } }
    _entities(representations: $of) { ... on Patient {
      checkups(first: 1) { edges { node { id } } } latestCheckup { id } } } }`;
  const variables = {
    own: own.id,
    strangers: strangers.id,
    of: [{ __typename: 'Patient', id: patientId }],
  };
  const see = async (token: string) => {
    const { data, errors } = await graph.ask(token, query, variables);
    expect(errors).toEqual([]);
    const { all, ...rest } = data as { all: { edges: { node: { id: string } }[] } };
    const listedIds = all.edges.map(({ node }) => node.id);
    const found = [own.id, strangers.id].filter((id) => listedIds.includes(id));
    return { ...rest, found };
  };
  const only = ({ id }: { id: string }) => ({
    found: [id],
    _entities: [{ checkups: { edges: [{ node: { id } }] }, latestCheckup: { id } }],
  });
  expect(await see(graph.outsider)).toMatchObject({
    ...only(strangers),
    own: null,
    strangers: { id: strangers.id },
  });
  expect(await see(graph.worker)).toMatchObject({
    ...only(own),
    own: { id: own.id },
    strangers: null,
  });
  const colleague = await graph.token({ areaRoots: [graph.villageA] });
  expect(await see(colleague)).toMatchObject({ own: null, strangers: null, found: [] });
  const amendment = { id: graph.ids.next(), amendsId: own.id, reason: 'ENTRY_ERROR' };
  const foreign = await graph.write('amendCheckup', amendment, { token: graph.outsider });
  expect(foreign).toMatchObject({ verdict: 'QUARANTINED' });
  await graph.patient({ patientId });
  expect(await see(graph.outsider)).toMatchObject({ own: null, strangers: null, found: [] });
  expect(await see(graph.worker)).toMatchObject({ found: [own.id, strangers.id] });
});

test('a checkup of someone out of scope is kept for a supervisor and shown to nobody', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId, { notes: 'kept' });
  const operation = graph.operation();
  const receipt = await graph.write('recordCheckup', input, {
    token: graph.outsider,
    operation,
    select: 'checkup { id }',
  });
  expect(receipt).toMatchObject({
    verdict: 'QUARANTINED',
    checkup: null,
    problems: [{ code: 'OUT_OF_SCOPE_KEPT' }],
  });
  const { rows } = await graph.pool.query(
    `SELECT sealed_payload IS NOT NULL AS kept, (SELECT count(*)::int FROM checkup WHERE id = $2) AS rows
     FROM operation_record WHERE id = $1`,
    [operation['id'], input.id],
  );
  expect(rows).toEqual([{ kept: true, rows: 0 }]);
  const amended = checkup(patientId);
  await graph.write('recordCheckup', amended);
  const amendment = { id: graph.ids.next(), amendsId: amended.id, reason: 'ENTRY_ERROR' };
  const foreign = await graph.write('amendCheckup', amendment, { token: graph.outsider });
  expect(foreign).toMatchObject({ verdict: 'QUARANTINED' });
  const missing = { ...amendment, amendsId: graph.ids.next() };
  expect(await graph.write('amendCheckup', missing)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND', field: 'amendsId' }],
  });
});

test('out of scope answers like not there, in every way in', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId);
  await graph.write('recordCheckup', input);
  const query = `query ($id: UUID!, $area: UUID!, $of: [_Any!]!) {
    checkup(id: $id) { id }
    checkups(areaId: $area) { edges { node { id } } }
    _entities(representations: $of) { ... on Checkup { id visitType } ... on Patient {
      checkups { edges { node { id } } } latestCheckup { id } } }
  }`;
  const of = [
    { __typename: 'Checkup', id: input.id },
    { __typename: 'Patient', id: patientId },
  ];
  const variables = { id: input.id, area: graph.villageA, of };
  const inside = await graph.ask(graph.worker, query, variables);
  expect(inside.data).toMatchObject({
    checkup: { id: input.id },
    _entities: [{ id: input.id }, { latestCheckup: { id: input.id } }],
  });
  const outside = await graph.ask(graph.outsider, query, variables);
  expect(outside).toMatchObject({
    errors: [],
    data: {
      checkup: null,
      checkups: { edges: [] },
      _entities: [null, { checkups: null, latestCheckup: null }],
    },
  });
  const reads = (await graph.accesses(patientId)).filter(({ action }) => action === 'READ');
  expect(reads).toMatchObject([{ actor: { id: graph.workerId } }]);
});

test('who lacks the permission is refused, at every way in', async () => {
  const patientId = await graph.patient();
  const written = await graph.attempt('recordCheckup', checkup(patientId), {
    token: graph.pharmacist,
  });
  expect(written.errors[0]?.extensions.code).toBe('FORBIDDEN');
  for (const query of [
    '{ checkups { edges { node { id } } } }',
    '{ disease(code: "A09.9") { code } }',
    `{ _entities(representations: [{ __typename: "Patient", id: "${patientId}" }]) {
      ... on Patient { checkups { edges { node { id } } } } } }`,
  ]) {
    const answer = await graph.ask(graph.pharmacist, query);
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  }
});

test('writes and reads leave their audit intents', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId);
  await graph.write('recordCheckup', input);
  await graph.ask(graph.worker, `query ($id: UUID!) { checkup(id: $id) { id } }`, { id: input.id });
  const told = await graph.accesses(patientId);
  expect(told).toMatchObject([
    {
      action: 'WRITE',
      operation: 'recordCheckup',
      outcome: 'APPLIED',
      accesses: [{ patientId, types: ['Checkup'] }],
      actor: { id: graph.workerId },
    },
    { action: 'READ', operation: 'checkup', accesses: [{ patientId, types: ['Checkup'] }] },
  ]);
});

test('pages of a list stay stable under inserts; filters narrow it', async () => {
  const patientId = await graph.patient({ areaId: graph.villageA });
  const institutionId = graph.ids.next();
  const token = await graph.token({ areaRoots: [graph.villageA], institutionId });
  const record = (day: number, over = {}) =>
    graph.write('recordCheckup', checkup(patientId, over), {
      token,
      operation: graph.operation({ recordedAt: `2026-02-0${day}T08:00:00.000Z` }),
    });
  for (const day of [1, 2, 3, 4]) await record(day);
  const list = `query ($institutionId: UUID, $after: String, $type: VisitType, $from: DateTime, $to: DateTime) {
    checkups(institutionId: $institutionId, first: 2, after: $after, visitType: $type, from: $from, to: $to) {
      edges { node { occurredAt } } pageInfo { hasNextPage endCursor } } }`;
  const days = async (variables: object) => {
    const answer = await graph.ask(graph.worker, list, { institutionId, ...variables });
    const page = answer.data?.['checkups'] as {
      edges: { node: { occurredAt: string } }[];
      pageInfo: { endCursor: string; hasNextPage: boolean };
    };
    return { days: page.edges.map(({ node }) => node.occurredAt.slice(0, 10)), ...page.pageInfo };
  };
  const first = await days({});
  expect(first.days).toEqual(['2026-02-04', '2026-02-03']);
  await record(5);
  await record(2, { visitType: 'CHILD' });
  const second = await days({ after: first.endCursor });
  expect(second.days).toEqual(['2026-02-02', '2026-02-02']);
  const third = await days({ after: second.endCursor });
  expect(third).toMatchObject({ days: ['2026-02-01'], hasNextPage: false });
  expect((await days({ type: 'CHILD' })).days).toEqual(['2026-02-02']);
  const window = { from: '2026-02-03T00:00:00Z', to: '2026-02-05T00:00:00Z' };
  expect((await days(window)).days).toEqual(['2026-02-04', '2026-02-03']);
  const foreign = await graph.ask(graph.worker, list, { after: first.endCursor });
  expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
});

test('pages of one patient stay stable under inserts, and a cursor fits only that patient', async () => {
  const [patientId, another] = [await graph.patient(), await graph.patient()];
  const record = (day: number) =>
    graph.write('recordCheckup', checkup(patientId), {
      operation: graph.operation({ recordedAt: `2026-02-0${day}T08:00:00.000Z` }),
    });
  for (const day of [1, 3, 5]) await record(day);
  const page = (id: string, after: string | null) =>
    graph.ask(
      graph.worker,
      `query ($of: [_Any!]!, $after: String) { _entities(representations: $of) { ... on Patient {
        checkups(first: 2, after: $after) { edges { node { occurredAt } } pageInfo { endCursor } } } } }`,
      { of: [{ __typename: 'Patient', id }], after },
    );
  const first = await page(patientId, null);
  const [entity] = first.data?.['_entities'] as {
    checkups: { pageInfo: { endCursor: string }; edges: unknown[] };
  }[];
  expect(entity?.checkups.edges).toHaveLength(2);
  await record(4);
  await record(2);
  const after = entity?.checkups.pageInfo.endCursor ?? '';
  const second = await page(patientId, after);
  expect(second.data?.['_entities']).toMatchObject([
    {
      checkups: {
        edges: [
          { node: { occurredAt: '2026-02-02T08:00:00.000Z' } },
          { node: { occurredAt: '2026-02-01T08:00:00.000Z' } },
        ],
      },
    },
  ]);
  const foreign = await page(another, after);
  expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
});

test('a forged cursor tells nothing, in every list of a patient and of a district', async () => {
  const [patientId, another] = [await graph.patient(), await graph.patient()];
  const hidden = await graph.patient({ areaId: graph.villageB });
  const record = async (id: string, token = graph.worker) => {
    const input = checkup(id);
    await graph.write('recordCheckup', input, { token });
    return input.id;
  };
  const own = await record(patientId);
  const marks = [await record(another), await record(hidden, graph.outsider), graph.ids.next()];
  const lists = ['checkups', 'pregnancies', 'immunizations', 'referrals', 'tasks'];
  const forge = (list: string, key: string) => {
    const text = JSON.stringify([`Patient.${list}`, [patientId, null]]);
    const fingerprint = createHash('sha256').update(text).digest('base64url').slice(0, 12);
    return Buffer.from(JSON.stringify([fingerprint, key])).toString('base64url');
  };
  const page = async (list: string, after: string) =>
    graph.ask(
      graph.worker,
      `query ($of: [_Any!]!, $after: String) { _entities(representations: $of) {
        ... on Patient { ${list}(after: $after) { edges { node { id } } } } } }`,
      { of: [{ __typename: 'Patient', id: patientId }], after },
    );
  for (const list of lists) {
    for (const key of [...marks, 'not-a-uuid', '']) {
      const answer = await page(list, forge(list, key));
      expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['CURSOR_INVALID']);
    }
  }
  expect(await page('checkups', forge('checkups', own))).toMatchObject({
    errors: [],
    data: { _entities: [{ checkups: { edges: [] } }] },
  });
});

test.each(['checkups', 'pregnancies', 'referrals', 'tasks', 'diseases'])(
  'a forged cursor of %s is an invalid cursor and no fault of ours',
  async (list) => {
    const text = JSON.stringify([`Query.${list}`, {}]);
    const fingerprint = createHash('sha256').update(text).digest('base64url').slice(0, 12);
    for (const key of ['not-a-uuid!', '\u0000', '']) {
      const after = Buffer.from(JSON.stringify([fingerprint, key])).toString('base64url');
      const query = `query ($after: String) { ${list}(after: $after) { edges { cursor } } }`;
      const answer = await graph.ask(graph.worker, query, { after });
      expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['CURSOR_INVALID']);
    }
  },
);

test('a checkup names nobody but its author, unless it is imported', async () => {
  const patientId = await graph.patient();
  const importer = await graph.token({
    roles: ['importer'],
    areaRoots: [graph.villageA],
    institutionId: graph.clinic,
  });
  const [institutionId, attendedById] = [graph.hospital, graph.ids.next()];
  const foreign = checkup(patientId, { institutionId, attendedById });
  expect(await graph.write('recordCheckup', foreign)).toMatchObject({
    verdict: 'REJECTED',
    problems: [
      { code: 'REFERENCE_NOT_FOUND', field: 'institutionId' },
      { code: 'REFERENCE_NOT_FOUND', field: 'attendedById' },
    ],
  });
  const unknown = checkup(graph.ids.next(), { attendedById });
  expect(await graph.write('recordCheckup', unknown)).toMatchObject({ verdict: 'REJECTED' });
  const own = { institutionId: graph.clinic, attendedById: graph.workerId };
  expect(await graph.write('recordCheckup', checkup(patientId, own))).toMatchObject({
    verdict: 'APPLIED',
  });
  const imported = await graph.write('recordCheckup', foreign, {
    token: importer,
    select: 'checkup { institution { id } attendedBy { id } }',
  });
  expect(imported).toMatchObject({
    verdict: 'APPLIED',
    checkup: { institution: { id: institutionId }, attendedBy: { id: attendedById } },
  });
});

test('a batch replays in order, each entry under its own name', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId);
  const operations = [
    { operation: graph.operation(), recordCheckup: input },
    {
      operation: graph.operation(),
      amendCheckup: { id: graph.ids.next(), amendsId: input.id, reason: 'ENTRY_ERROR' },
    },
  ];
  const batch = `mutation ($operations: [ClinicalOperation!]!) {
    applyClinicalOperations(operations: $operations) { __typename verdict
      ... on AmendCheckupReceipt { checkup { amends { id } } } } }`;
  const answer = await graph.ask(graph.worker, batch, { operations });
  expect(answer.data?.['applyClinicalOperations']).toEqual([
    { __typename: 'RecordCheckupReceipt', verdict: 'APPLIED' },
    {
      __typename: 'AmendCheckupReceipt',
      verdict: 'APPLIED',
      checkup: { amends: { id: input.id } },
    },
  ]);
});

test('the same operation sent twenty times at once is one checkup', async () => {
  const patientId = await graph.patient();
  const input = checkup(patientId);
  const operation = graph.operation();
  const receipts = await Promise.all(
    Array.from({ length: 20 }, () => graph.write('recordCheckup', input, { operation })),
  );
  expect(receipts.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await listed(patientId)).toEqual([input.id]);
});

async function entities(token: string, patientIds: string[], fields: string) {
  const query = `query ($of: [_Any!]!) {
    _entities(representations: $of) { ... on Patient { ${fields} } } }`;
  const of = patientIds.map((id) => ({ __typename: 'Patient', id }));
  const answer = await graph.ask(token, query, { of });
  expect(answer.errors).toEqual([]);
  return answer.data?.['_entities'] as Record<string, unknown>[];
}

async function listed(patientId: string): Promise<string[]> {
  const [patient] = await entities(graph.worker, [patientId], 'checkups { edges { node { id } } }');
  const { edges } = patient?.['checkups'] as { edges: { node: { id: string } }[] };
  return edges.map(({ node }) => node.id);
}
