import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accessesOf,
  changesOf,
  createTestDistrict,
  mutationOf,
  placedEvents,
  type TestDistrict,
} from '../test-district.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

describe('registerPatient', () => {
  test('writes the person, the change log, the event and the audit intent', async () => {
    const input = {
      id: id(),
      name: ' Rehana Begum ',
      sex: 'FEMALE',
      areaId: d.north,
      birthDate: '1998-02-28',
      birthDateEstimated: true,
      address: 'Behind the mill',
      phone: '98765 43210',
      preferredLanguage: 'hi',
      identifiers: [
        { id: id(), type: 'MRN', system: 'https://hospital.test', value: 'mrn 00-12/a' },
        { id: id(), type: 'OTHER', value: 'X-1' },
      ],
    };
    const answer = await d.write(d.worker, 'registerPatient', input);
    expect(answer).toMatchObject({
      verdict: 'APPLIED',
      replayed: false,
      problems: [],
      patient: {
        id: input.id,
        name: 'Rehana Begum',
        birthDate: '1998-02-28',
        birthDateEstimated: true,
        phone: '98765 43210',
        status: 'ACTIVE',
        version: 1,
        area: { id: d.north },
        institution: { id: d.institutionId },
        registeredBy: { id: d.workerId },
        identifiers: [{ value: 'mrn 00-12/a' }, { value: 'X-1' }],
      },
    });
    expect(await placedEvents(d.graph, input.id)).toEqual([
      {
        patientId: input.id,
        areaId: d.north,
        institutionId: d.institutionId,
        authorId: d.workerId,
        status: 'ACTIVE',
        version: 1,
      },
    ]);
    expect(await changesOf(d.graph, input.id)).toEqual([
      { typename: 'Patient', version: 1, before: null, after: d.north },
    ]);
    const [write] = await accessesOf(d.graph, input.id);
    expect(write).toMatchObject({
      action: 'WRITE',
      operation: 'registerPatient',
      outcome: 'APPLIED',
    });
    expect(JSON.stringify(write)).not.toContain('Rehana');
  });

  test('takes someone who had died before, also on an unknown day', async () => {
    const known = await d.register({ birthDate: '1950-01-01', deceasedOn: '2019-05-01' });
    const unknown = await d.register({ deceased: true });
    const query =
      '{ a: patient(id: "A") { status deceasedOn } b: patient(id: "B") { status deceasedOn } }';
    const answer = await d.ask(d.worker, query.replace('A', known.id).replace('B', unknown.id));
    expect(answer.data).toEqual({
      a: { status: 'DECEASED', deceasedOn: '2019-05-01' },
      b: { status: 'DECEASED', deceasedOn: null },
    });
  });

  test('the same id again gives the first verdict, another request under it is an error', async () => {
    const operation = d.graph.operation();
    const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north };
    const send = (more = {}) =>
      d.ask(d.worker, mutationOf('registerPatient'), { operation, input: { ...input, ...more } });
    expect((await send()).data?.['registerPatient']).toMatchObject({ replayed: false });
    expect((await send()).data?.['registerPatient']).toMatchObject({
      verdict: 'APPLIED',
      replayed: true,
      patient: { id: input.id },
    });
    expect((await send({ name: 'Usha' })).errors[0]?.extensions.code).toBe('OPERATION_ID_REUSED');
  });

  test.each([
    ['an empty name', { name: '  ' }, 'INPUT_INVALID', 'name'],
    ['a birth to come', { birthDate: '2999-01-01' }, 'DATE_IN_FUTURE', 'birthDate'],
    ['a death to come', { deceasedOn: '2999-01-01' }, 'DATE_IN_FUTURE', 'deceasedOn'],
    ['a birth before 1880', { birthDate: '1879-12-31' }, 'VALUE_IMPOSSIBLE', null],
    [
      'a death before the birth',
      { birthDate: '2000-01-02', deceasedOn: '2000-01-01' },
      'VALUE_IMPOSSIBLE',
      'deceasedOn',
    ],
    ['an estimate of nothing', { birthDateEstimated: true }, 'INPUT_INVALID', 'birthDateEstimated'],
    ['a language that is none', { preferredLanguage: 'h i' }, 'INPUT_INVALID', 'preferredLanguage'],
    [
      'a card with a wrong check character',
      {
        identifiers: [
          { id: '019ab000-0000-7000-8000-000000000001', type: 'CARD', value: 'K7M39QTXW2AA' },
        ],
      },
      'INPUT_INVALID',
      'identifiers.0.value',
    ],
  ])('refuses %s, and keeps the refusal', async (_name, wrong, code, field) => {
    const operation = d.graph.operation();
    const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north, ...wrong };
    for (const replayed of [false, true]) {
      const answer = await d.ask(d.worker, mutationOf('registerPatient'), { operation, input });
      expect(answer.data?.['registerPatient']).toMatchObject({
        verdict: 'REJECTED',
        replayed,
        problems: [{ code, field }],
        patient: null,
      });
    }
    const { rows } = await d.graph.pool.query('SELECT 1 FROM patient WHERE id = $1', [input.id]);
    expect(rows).toEqual([]);
  });

  test('refuses an area where the actor does not work; an unknown one is asked for again', async () => {
    const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.abroad };
    expect(await d.write(d.worker, 'registerPatient', input)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'REFERENCE_NOT_FOUND', field: 'areaId' }],
    });
    const operation = d.graph.operation();
    const unheard = { ...input, areaId: id() };
    const answer = await d.ask(d.worker, mutationOf('registerPatient'), {
      operation,
      input: unheard,
    });
    expect(answer.errors[0]?.extensions.code).toBe('SCOPE_BEHIND');
    const again = await d.ask(d.worker, mutationOf('registerPatient'), {
      operation,
      input: { ...input, areaId: d.north },
    });
    expect(again.data?.['registerPatient']).toMatchObject({ verdict: 'APPLIED', replayed: false });
  });

  test('a second person under the same id is refused', async () => {
    const first = await d.register();
    const input = { id: first.id, name: 'Other', sex: 'MALE', areaId: d.north };
    expect(await d.write(d.worker, 'registerPatient', input)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'ALREADY_EXISTS' }],
    });
  });

  test('who may only read is refused', async () => {
    const pharmacist = await d.graph.token({ roles: ['pharmacist'], areaRoots: [d.district] });
    const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north };
    const operation = d.graph.operation();
    const answer = await d.ask(pharmacist, mutationOf('registerPatient'), { operation, input });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('the device sequence of twenty at once: each person once', async () => {
    const operation = d.graph.operation();
    const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        d.ask(d.worker, mutationOf('registerPatient'), { operation, input }),
      ),
    );
    const receipts = answers.map((one) => one.data?.['registerPatient'] as { replayed: boolean });
    expect(receipts.filter((one) => !one.replayed)).toHaveLength(1);
  });
});

describe('updatePatient', () => {
  const other = () => ({ deviceId: id(), deviceSequence: 1 });

  test('merges what others left alone', async () => {
    const { id: patientId } = await d.register({ phone: '9876543210' });
    await d.write(d.worker, 'updatePatient', { patientId, phone: null }, { baseVersion: 1 });
    const merged = await d.write(
      d.worker,
      'updatePatient',
      { patientId, name: 'Rihana Begum', birthDate: '1999-01-01' },
      { baseVersion: 1, ...other() },
    );
    expect(merged).toMatchObject({
      verdict: 'MERGED',
      patient: { name: 'Rihana Begum', phone: null, birthDate: '1999-01-01', version: 3 },
    });
    // Only places and standings are told to the other subgraphs.
    expect(await placedEvents(d.graph, patientId)).toHaveLength(1);
  });

  test.each([
    ['name', 'A Name', 'B Name', 'A Name', 'SERVER'],
    ['sex', 'MALE', 'OTHER', 'MALE', 'SERVER'],
    ['address', 'The mill', 'The well', 'The well', 'DEVICE'],
    ['phone', '9876543211', '9876543212', '9876543212', 'DEVICE'],
  ])(
    'two changes of %s conflict, one shows and the other is kept',
    async (field, a, b, shows, shown) => {
      const { id: patientId } = await d.register();
      await d.write(d.worker, 'updatePatient', { patientId, [field]: a }, { baseVersion: 1 });
      const conflict = await d.write(
        d.worker,
        'updatePatient',
        { patientId, [field]: b },
        { baseVersion: 1, ...other() },
      );
      expect(conflict).toMatchObject({
        verdict: 'CONFLICT',
        problems: [{ code: 'FIELD_CONFLICT', field }],
        patient: { [field]: shows },
      });
      const { rows } = await d.graph.pool.query<{ id: string; kept_sealed: Buffer }>(
        'SELECT id::text, field, shown, kept_sealed FROM conflict_record WHERE entity_id = $1',
        [patientId],
      );
      expect(rows).toMatchObject([{ field, shown }]);
      const place = { model: 'ConflictRecord', field: 'keptSealed', ownerId: patientId } as const;
      const [{ id: rowId = '', kept_sealed: sealed = Buffer.alloc(0) } = {}] = rows;
      const kept = await d.graph.keys.openKept('patient', { ...place, rowId, sealed });
      expect(kept).toBe(shown === 'SERVER' ? b : a);
    },
  );

  test('a date that is given is exact unless it is said to be estimated', async () => {
    const { id: patientId } = await d.register({
      birthDate: '1990-01-01',
      birthDateEstimated: true,
    });
    const exact = await d.write(d.worker, 'updatePatient', { patientId, birthDate: '1990-03-02' });
    expect(exact).toMatchObject({
      patient: { birthDate: '1990-03-02', birthDateEstimated: false },
    });
    const unknown = await d.write(d.worker, 'updatePatient', { patientId, birthDate: null });
    expect(unknown).toMatchObject({ patient: { birthDate: null, birthDateEstimated: false } });
  });

  test('equal values change nothing', async () => {
    const { id: patientId } = await d.register();
    const same = await d.write(d.worker, 'updatePatient', { patientId, name: 'Rehana Begum' });
    expect(same).toMatchObject({ verdict: 'APPLIED', patient: { version: 1 } });
    expect(await changesOf(d.graph, patientId)).toHaveLength(1);
  });

  test('what was recorded of someone out of scope is kept; of nobody, refused', async () => {
    const { id: patientId } = await d.register();
    const kept = await d.write(d.foreign, 'updatePatient', { patientId, name: 'Kept Name' });
    expect(kept).toMatchObject({
      verdict: 'QUARANTINED',
      problems: [{ code: 'OUT_OF_SCOPE_KEPT', field: 'patientId' }],
      patient: null,
    });
    const { rows } = await d.graph.pool.query<{ sealed_payload: Buffer }>(
      'SELECT sealed_payload FROM operation_record WHERE id = $1',
      [kept['operationId']],
    );
    const place = { model: 'OperationRecord', field: 'sealedPayload', ownerId: patientId } as const;
    const sealed = rows[0]?.sealed_payload ?? Buffer.alloc(0);
    const rowId = String(kept['operationId']);
    expect(sealed.toString('latin1')).not.toContain('Kept Name');
    expect(await d.graph.keys.openKept('patient', { ...place, rowId, sealed })).toMatchObject({
      name: 'Kept Name',
    });
    expect(await d.write(d.worker, 'updatePatient', { patientId: id(), name: 'X' })).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'NOT_FOUND', field: 'patientId' }],
    });
  });

  test('twenty writers at once: every change is applied, none is lost', async () => {
    const { id: patientId } = await d.register();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        d.write(d.worker, 'updatePatient', { patientId, address: `House ${n}` }, other()),
      ),
    );
    expect(answers.map((one) => one['verdict'])).toEqual(Array(20).fill('APPLIED'));
    const { rows } = await d.graph.pool.query('SELECT version FROM patient WHERE id = $1', [
      patientId,
    ]);
    expect(rows).toEqual([{ version: 21 }]);
  });
});

describe('movePatient', () => {
  test('logs the move of the person and of what is seen with them, and tells the others', async () => {
    const { id: patientId } = await d.register({
      identifiers: [{ id: id(), type: 'OTHER', value: `C${id()}` }],
    });
    const child = await d.register();
    const relation = { id: id(), fromPatientId: patientId, toPatientId: child.id, kind: 'MOTHER' };
    await d.write(d.worker, 'relatePatients', relation);
    const moved = await d.write(d.worker, 'movePatient', { patientId, areaId: d.south });
    expect(moved).toMatchObject({ verdict: 'APPLIED', patient: { areaId: d.south, version: 2 } });
    expect(await placedEvents(d.graph, patientId)).toMatchObject([
      { areaId: d.north, version: 1 },
      { areaId: d.south, version: 2 },
    ]);
    const move = { before: d.north, after: d.south };
    expect((await changesOf(d.graph, patientId)).at(-1)).toMatchObject({ version: 2, ...move });
    expect((await changesOf(d.graph, relation.id)).at(-1)).toMatchObject(move);
    const identifiers = (moved['patient'] as { identifiers: { id: string }[] }).identifiers;
    expect((await changesOf(d.graph, String(identifiers[0]?.id))).at(-1)).toMatchObject(move);
    // Scope follows the person.
    const seen = await d.ask(d.southern, `{ patient(id: "${patientId}") { name } }`);
    expect(seen.data).toEqual({ patient: { name: 'Rehana Begum' } });
  });

  test('a household takes its members where it is; its head leaves it without one', async () => {
    const householdId = id();
    await d.write(d.worker, 'registerHousehold', { id: householdId, areaId: d.south, label: '12' });
    const { id: patientId } = await d.register();
    const joined = await d.write(d.worker, 'movePatient', { patientId, householdId });
    expect(joined).toMatchObject({ patient: { areaId: d.south, householdId } });
    await d.write(d.worker, 'updateHousehold', { householdId, headId: patientId });
    const left = await d.write(d.worker, 'movePatient', { patientId, areaId: d.north });
    expect(left).toMatchObject({ patient: { areaId: d.north, householdId: null } });
    const { rows } = await d.graph.pool.query(
      'SELECT head_id, version FROM household WHERE id = $1',
      [householdId],
    );
    expect(rows).toEqual([{ head_id: null, version: 3 }]);
  });

  test('two moves at once to different places conflict on the place', async () => {
    const { id: patientId } = await d.register();
    const stamp = { baseVersion: 1 };
    await d.write(d.worker, 'movePatient', { patientId, areaId: d.south }, stamp);
    const late = await d.write(
      d.worker,
      'movePatient',
      { patientId, areaId: d.district },
      { ...stamp, deviceId: id(), deviceSequence: 1 },
    );
    expect(late).toMatchObject({
      verdict: 'CONFLICT',
      problems: [{ field: 'place' }],
      patient: { areaId: d.south },
    });
  });

  test.each([
    ['nowhere', {}, 'INPUT_INVALID', 'areaId'],
    ['out of the own areas', { areaId: 'abroad' }, 'REFERENCE_NOT_FOUND', 'areaId'],
    [
      'into no household',
      { householdId: '019ab000-0000-7000-8000-00000000000a' },
      'REFERENCE_NOT_FOUND',
      'householdId',
    ],
  ])('refuses a move %s', async (_name, where, code, field) => {
    const { id: patientId } = await d.register();
    const input = { patientId, ...where, ...('areaId' in where ? { areaId: d.abroad } : {}) };
    expect(await d.write(d.worker, 'movePatient', input)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code, field }],
    });
  });
});

describe('status', () => {
  test('a death is recorded, corrected and taken back', async () => {
    const { id: patientId } = await d.register({ birthDate: '1990-01-01' });
    const steps = [
      await d.write(d.worker, 'recordDeath', { patientId }),
      await d.write(d.worker, 'recordDeath', { patientId, deceasedOn: '2020-02-02' }),
      await d.write(d.worker, 'changePatientStatus', { patientId, status: 'ACTIVE' }),
    ];
    expect(steps.map((step) => step['patient'])).toMatchObject([
      { status: 'DECEASED', deceasedOn: null },
      { status: 'DECEASED', deceasedOn: '2020-02-02' },
      { status: 'ACTIVE', deceasedOn: null },
    ]);
    expect((await placedEvents(d.graph, patientId)).map((one) => one['status'])).toEqual([
      'ACTIVE',
      'DECEASED',
      'DECEASED',
      'ACTIVE',
    ]);
  });

  test('a death shows over a change of status that was made meanwhile', async () => {
    const { id: patientId } = await d.register();
    const stamp = { baseVersion: 1 };
    await d.write(d.worker, 'changePatientStatus', { patientId, status: 'MOVED_AWAY' }, stamp);
    const late = { ...stamp, deviceId: id(), deviceSequence: 1 };
    const death = await d.write(d.worker, 'recordDeath', { patientId }, late);
    expect(death).toMatchObject({ verdict: 'CONFLICT', patient: { status: 'DECEASED' } });
  });

  test('a duplicate is merged into the record that answers, and takes no changes then', async () => {
    const [twin, survivor] = [await d.register(), await d.register()];
    const input = { patientId: twin.id, status: 'MERGED', mergedIntoId: survivor.id };
    expect(await d.write(d.worker, 'changePatientStatus', input)).toMatchObject({
      patient: { status: 'MERGED', mergedInto: { id: survivor.id } },
    });
    expect(
      await d.write(d.worker, 'updatePatient', { patientId: twin.id, name: 'X' }),
    ).toMatchObject({ verdict: 'QUARANTINED', problems: [{ code: 'STATE_REFUSED' }] });
    const back = { patientId: survivor.id, status: 'MERGED', mergedIntoId: twin.id };
    expect(await d.write(d.worker, 'changePatientStatus', back)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'STATE_REFUSED', field: 'mergedIntoId' }],
    });
  });

  test.each([
    ['death without its operation', { status: 'DECEASED' }, 'STATE_REFUSED', 'status'],
    ['a merge into nobody', { status: 'MERGED' }, 'INPUT_INVALID', 'mergedIntoId'],
    [
      'a merge into oneself',
      { status: 'MERGED', mergedIntoId: 'self' },
      'CYCLE_REFUSED',
      'mergedIntoId',
    ],
    [
      'a merge into someone unknown',
      { status: 'MERGED', mergedIntoId: '019ab000-0000-7000-8000-00000000000a' },
      'REFERENCE_NOT_FOUND',
      'mergedIntoId',
    ],
  ])('refuses %s', async (_name, change, code, field) => {
    const { id: patientId } = await d.register();
    const into =
      'mergedIntoId' in change && change.mergedIntoId === 'self' ? { mergedIntoId: patientId } : {};
    expect(
      await d.write(d.worker, 'changePatientStatus', { patientId, ...change, ...into }),
    ).toMatchObject({ verdict: 'REJECTED', problems: [{ code, field }] });
  });
});

test('a batch applies its entries in order, each through its own operation', async () => {
  const batch = `mutation ($operations: [PatientOperation!]!) {
    applyPatientOperations(operations: $operations) {
      verdict replayed ... on UpdatePatientReceipt { patient { name version } }
    }
  }`;
  const patientId = id();
  const operations = [
    {
      operation: d.graph.operation(),
      registerPatient: { id: patientId, name: 'Asha', sex: 'FEMALE', areaId: d.north },
    },
    {
      operation: d.graph.operation({ baseVersion: 1 }),
      updatePatient: { patientId, name: 'Usha' },
    },
  ];
  const first = await d.ask(d.worker, batch, { operations });
  expect(first.data?.['applyPatientOperations']).toEqual([
    { verdict: 'APPLIED', replayed: false },
    { verdict: 'APPLIED', replayed: false, patient: { name: 'Usha', version: 2 } },
  ]);
  const again = await d.ask(d.worker, batch, { operations });
  expect(again.data?.['applyPatientOperations']).toMatchObject([
    { replayed: true },
    { replayed: true },
  ]);
});

test.each([
  ['sex', `UPDATE patient SET sex = 'X'`, 'patient_sex_check'],
  ['status', `UPDATE patient SET status = 'X'`, 'patient_status_check'],
  ['a birth to come', `UPDATE patient SET birth_date = '2999-01-01'`, 'patient_birth_date_check'],
  ['a birth long ago', `UPDATE patient SET birth_date = '1879-12-31'`, 'patient_birth_date_check'],
  [
    'a death before birth',
    `UPDATE patient SET birth_date = '2000-01-02', deceased_on = '2000-01-01', status = 'DECEASED'`,
    'patient_deceased_on_check',
  ],
  [
    'a living dead',
    `UPDATE patient SET deceased_on = '2001-01-01'`,
    'patient_deceased_status_check',
  ],
  ['a merge into nobody', `UPDATE patient SET status = 'MERGED'`, 'patient_merged_into_check'],
])('the database refuses %s as well', async (_name, sql, constraint) => {
  const { id: patientId } = await d.register();
  await expect(d.graph.pool.query(`${sql} WHERE id = '${patientId}'`)).rejects.toMatchObject({
    constraint,
  });
});
