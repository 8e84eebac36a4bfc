import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyCertificate, type ErasureEntry } from '@caregraph/erasure';
import type { EventEnvelope } from '@caregraph/messaging';
import { startJourney, subjectOf, type JourneyStack } from '../test-stack.ts';
import {
  createTestErasure,
  placesIn,
  placesOf,
  traceOf,
  valueOf,
  type TestErasure,
} from './test-erasure.ts';

/** A person is erased from a running deployment, and everything is looked through for a trace. */

let stack: JourneyStack;
let erasing: TestErasure;
/** Somebody with records in every store. */
let patientId: string;
/** Merged into them. */
let aliasId: string;
/** A relative who stays. */
let relativeId: string;
/** Ids of the facts about both. */
let trace: string[];
let entry: ErasureEntry;
const worker = 'hospital-clinician-1';
const canary = 'Zahnarztbesuch-4711';

interface Sent {
  readonly name: string;
  readonly input: object;
  readonly operation: Record<string, unknown>;
}
const sent: Sent[] = [];
/** What was sent about the person before they were erased. */
let sentBefore: readonly Sent[];

async function write(actor: string, name: string, input: object, operation = stack.operation()) {
  sent.push({ name, input, operation });
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  const data = await stack.read(
    actor,
    `mutation ($operation: OperationInput!, $input: ${type}) {
      ${name}(operation: $operation, input: $input) { verdict replayed problems { code field } }
    }`,
    { operation, input },
  );
  // What every receipt has.
  return data[name] as { verdict: string; replayed: boolean; problems: unknown[] };
}

/** The person of the district about whom most is known. */
async function richest(): Promise<{ id: string; areaId: string }> {
  const { rows } = await stack.deployment.pools.prescription.query<{ id: string }>(
    'SELECT patient_id AS id FROM dispensing GROUP BY 1 ORDER BY count(*) DESC, 1',
  );
  const { rows: known } = await stack.deployment.pools.clinical.query<{ id: string; area: string }>(
    `SELECT ref.id, ref.area_id AS area FROM patient_ref ref
     WHERE EXISTS (SELECT FROM referral WHERE patient_id = ref.id)
       AND EXISTS (SELECT FROM checkup_disease WHERE patient_id = ref.id) AND id = ANY($1)`,
    [rows.map((row) => row.id)],
  );
  const [first] = known;
  if (first === undefined) throw new Error('nobody has records in every store');
  return { id: first.id, areaId: first.area };
}

/** Two people change the name without knowing of each other: one value shows, the other is kept. */
async function conflictOverName(): Promise<void> {
  const subject = subjectOf(stack.actor(worker));
  const token = await stack.deployment.tokens.issue({ ...subject, id: stack.newId() });
  const verdicts: unknown[] = [];
  for (const [name, extra] of [
    ['First', {}],
    [canary, { token }],
  ] as const) {
    const operation = stack.operation({ baseVersion: 1 });
    const document = `mutation ($operation: OperationInput!, $input: UpdatePatientInput!) {
      updatePatient(operation: $operation, input: $input) { verdict }
    }`;
    const answer = await stack.ask(
      worker,
      document,
      { operation, input: { patientId, name } },
      extra,
    );
    verdicts.push(answer.data?.['updatePatient']);
  }
  expect(verdicts[1]).toEqual({ verdict: 'CONFLICT' });
}

beforeAll(async () => {
  stack = await startJourney({ households: 14 });
  erasing = await createTestErasure(stack);
  const person = await richest();
  patientId = person.id;
  aliasId = stack.newId();
  const { areaId } = person;
  const registrar = 'clinician-1';
  const staff = stack.actor(registrar);
  const home = staff.areaRoots.includes(areaId) ? areaId : (staff.areaRoots[0] ?? areaId);
  const register = (id: string, name: string) =>
    write(worker, 'registerPatient', { id, name, sex: 'FEMALE', areaId: home });
  expect(await register(aliasId, `${canary} Begum`)).toMatchObject({ verdict: 'APPLIED' });
  relativeId = stack.newId();
  await register(relativeId, 'Who Stays');
  const tie = { id: stack.newId(), fromPatientId: relativeId, toPatientId: patientId };
  await write(worker, 'relatePatients', { ...tie, kind: 'SIBLING' });
  await write(worker, 'addIdentifier', {
    ...{ id: stack.newId(), patientId, type: 'OTHER', value: canary },
  });
  await stack.settle();
  await write(worker, 'createTask', {
    ...{ id: stack.newId(), patientId: aliasId, kind: 'FOLLOW_UP', dueOn: '2027-01-01' },
    note: canary,
  });
  const checkup = { id: stack.newId(), visitType: 'GENERAL', notes: canary };
  await write(worker, 'recordCheckup', { ...checkup, patientId: aliasId });
  const amendment = { id: stack.newId(), amendsId: checkup.id, reason: 'ENTRY_ERROR' };
  const amended = await write(worker, 'amendCheckup', { ...amendment, notes: `${canary} again` });
  expect(amended).toMatchObject({ verdict: 'APPLIED' });
  await write(worker, 'changePatientStatus', {
    ...{ patientId: aliasId, status: 'MERGED', mergedIntoId: patientId },
  });
  // A change of a merged record is kept for review.
  const kept = await write(worker, 'updatePatient', { patientId: aliasId, name: canary });
  expect(kept.verdict).toBe('QUARANTINED');
  await conflictOverName();
  await write(worker, 'breakGlass', {
    ...{ patientId, reason: 'EMERGENCY', justification: `${canary} at the gate` },
  });
  await stack.read(
    worker,
    `query ($id: UUID!) { patient(id: $id) { name checkups(first: 5) { edges { node { id } } } } }`,
    { id: patientId },
  );
  await stack.settle();
  const { pools } = stack.deployment;
  trace = [...(await traceOf(pools, patientId)), ...(await traceOf(pools, aliasId))];
  expect(trace.length).toBeGreaterThan(12);
  expect(await valueOf(pools.patient, 'SELECT count(*)::int AS value FROM conflict_record')).toBe(
    1,
  );
  const outcome = await erasing.erasure.erase(patientId, 'REQUEST_OF_PERSON');
  if (outcome.kind !== 'ERASED') throw new Error(outcome.kind);
  ({ entry } = outcome);
  sentBefore = sent.filter(({ input }) => !('id' in input && input.id === relativeId));
  await stack.settle();
});
afterAll(async () => {
  await stack.stop();
  await erasing.stop();
});

test('the ids of the person stand where they must stand, and nowhere else', async () => {
  expect(await placesOf(stack.deployment.pools, [patientId, aliasId])).toEqual([
    'audit.access_record.patient_id',
    'audit.audit_access.patient_id',
    'audit.audit_event.opened_patient_id',
    'audit.erased_subject.id',
    'audit.patient_ref.id',
    'clinical.erased_subject.id',
    'clinical.patient_ref.id',
    'institution.erased_subject.id',
    // Devices that hold the record are told to delete it.
    'patient.change_log_entry.entity_id',
    'patient.erased_subject.id',
    // The event that put the erasure on the record.
    'patient.outbox_event.data',
    'prescription.erased_subject.id',
    'prescription.patient_ref.id',
  ]);
});

test('the ids of their records stand in removals, in the ledger of the stock and in the audit', async () => {
  expect(await placesOf(stack.deployment.pools, trace)).toEqual([
    'audit.audit_event.grant_id',
    'clinical.change_log_entry.entity_id',
    'patient.change_log_entry.entity_id',
    'prescription.change_log_entry.entity_id',
    'prescription.stock_movement.dispensing_id',
  ]);
});

test('nothing that was written about them stands anywhere in plain text', async () => {
  expect(await placesOf(stack.deployment.pools, [canary])).toEqual([]);
  expect(await placesIn(stack.keys.keyPool, 'keys', [canary])).toEqual([]);
});

test('no key of theirs is left in any schema, and none can be made', async () => {
  const { rows } = await stack.keys.keyPool.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace WHERE nspname IN
       ('patient', 'clinical', 'prescription', 'institution', 'audit')`,
  );
  expect(rows).toHaveLength(5);
  for (const { schema } of rows) {
    const count = `SELECT count(*)::int AS value FROM ${schema}.data_key WHERE owner_id = ANY($1)`;
    expect(await valueOf(stack.keys.keyPool, count, [patientId, aliasId]), schema).toBe(0);
    const erased = `SELECT count(*)::int AS value FROM ${schema}.key_owner
      WHERE id = ANY($1) AND erased`;
    expect(await valueOf(stack.keys.keyPool, erased, [patientId, aliasId]), schema).toBe(2);
  }
});

test('each record that went leaves one removal in the change log, under a later version', async () => {
  for (const store of ['patient', 'clinical', 'prescription'] as const) {
    const { rows } = await stack.deployment.pools[store].query<{ after: unknown; count: number }>(
      `SELECT entity_id, count(*)::int AS count, max(area_after::text) AS after
       FROM change_log_entry WHERE entity_id = ANY($1) AND typename <> 'Relationship'
       GROUP BY entity_id`,
      [[...trace, patientId, aliasId]],
    );
    expect(rows.length, store).toBeGreaterThan(0);
    for (const row of rows) expect(row, store).toMatchObject({ count: 1, after: null });
  }
});

test('an operation keeps its id and its verdict, and nothing of what it said', async () => {
  const { rows } = await stack.deployment.pools.patient.query(
    `SELECT verdict, sealed_payload, payload_owner_id, result->'problems'->0->>'code' AS code
     FROM operation_record WHERE verdict = 'QUARANTINED'`,
  );
  expect(rows).toEqual([
    {
      verdict: 'QUARANTINED',
      sealed_payload: null,
      payload_owner_id: null,
      code: 'STATE_REFUSED',
    },
  ]);
});

test('audit tells who saw the record, that it was erased, and of relatives by themselves', async () => {
  const { audit } = stack.deployment.pools;
  const { rows } = await audit.query<{ types: string[]; patients: string[]; why: string }>(
    `SELECT access.types, event.purpose AS why, ARRAY(SELECT patient_id::text FROM audit_access
       WHERE event_id = event.id) AS patients
     FROM audit_event event JOIN audit_access access ON access.event_id = event.id
     WHERE event.operation = 'erasePatient' AND access.patient_id = $1`,
    [patientId],
  );
  expect(rows).toEqual([
    {
      types: expect.arrayContaining(['Patient', 'Relationship']),
      ...{ patients: [patientId], why: 'erasure.REQUEST_OF_PERSON' },
    },
  ]);
  const others = `SELECT count(*)::int AS value FROM audit_access access
    JOIN audit_event event ON event.id = access.event_id
    WHERE operation = 'erasePatient' AND patient_id = $1 AND access.types = '{Relationship}'`;
  expect(await valueOf(audit, others, relativeId)).toBe(1);
  const reads = `SELECT count(*)::int AS value FROM audit_access WHERE patient_id = $1
    AND event_id IN (SELECT id FROM audit_event WHERE action = 'READ')`;
  expect(await valueOf(audit, reads, patientId)).toBeGreaterThan(0);
  const texts = `SELECT string_agg(concat_ws(' ', purpose, operation, outcome, grant_reason), ' ')
    AS value FROM audit_event`;
  expect(await valueOf(audit, texts)).toMatch(/^[\w.,\- ]+$/);
});

test('the person is gone for everybody, and the others are there', async () => {
  const query = `query ($gone: UUID!, $alias: UUID!, $stays: UUID!) {
    gone: patient(id: $gone) { id } alias: patient(id: $alias) { id }
    stays: patient(id: $stays) { name relationships { id } }
  }`;
  const asked = { gone: patientId, alias: aliasId, stays: relativeId };
  expect(await stack.read(worker, query, asked)).toEqual({
    gone: null,
    alias: null,
    stays: { name: 'Who Stays', relationships: [] },
  });
  const list = await stack.ask(worker, '{ patients(first: 200) { edges { node { id name } } } }');
  expect(list.errors).toEqual([]);
});

test('the certificate is signed, counts what went and names the last day of key backups', async () => {
  const keys = { keys: [erasing.key.publicJwk] };
  const { certificate } = entry;
  if (certificate === undefined) throw new Error('there is no certificate');
  expect(await verifyCertificate(entry, keys)).toBe(true);
  expect(certificate).toMatchObject({ patientId, aliases: [aliasId], devices: 'NOT_ASKED' });
  const expiry = new Date(new Date(certificate.completedAt).getTime() + 35 * 86_400_000);
  expect(certificate.keyBackupsExpireOn).toBe(expiry.toISOString().slice(0, 10));
  const counted = Object.fromEntries(certificate.stores.map((one) => [one.store, one]));
  expect(counted['patient']).toMatchObject({ keys: 2 });
  expect(counted['clinical']?.keys).toBe(2);
  expect(counted['prescription']?.keys).toBe(1);
  expect(counted['clinical']?.rows).toBeGreaterThan(3);
  expect(counted['institution']).toEqual({ store: 'institution', rows: 0, keys: 0 });
  const changed = { ...certificate, keyBackupsExpireOn: '2020-01-01' };
  expect(await verifyCertificate({ ...entry, certificate: changed }, keys)).toBe(false);
  expect((await stat(erasing.list.pathOf(patientId))).mode & 0o777).toBe(0o600);
});

test('a second erasure finds nothing to do and gives the same certificate', async () => {
  const outcome = await erasing.erasure.erase(patientId, 'COURT_ORDER');
  expect(outcome).toEqual({ kind: 'ERASED', entry });
  expect(await erasing.erasure.replay()).toEqual([]);
  const events = `SELECT count(*)::int AS value FROM outbox_event
    WHERE data->>'operation' = 'erasePatient' AND data->'accesses'->0->>'patientId' = $1`;
  expect(await valueOf(stack.deployment.pools.patient, events, patientId)).toBe(1);
});

describe('an operation from before, sent again', () => {
  const refused = {
    ...{ verdict: 'REJECTED', replayed: true },
    problems: [expect.objectContaining({ code: 'ERASED' })],
  };

  test('tells its author that the person was erased, whatever name is guessed', async () => {
    expect(sentBefore.length).toBeGreaterThan(8);
    for (const { name, input, operation } of sentBefore) {
      expect(await write(worker, name, input, operation), name).toEqual(refused);
      const guess = { ...input, ...('name' in input ? { name: `${canary} Bequm` } : {}) };
      expect(await write(worker, name, guess, operation), name).toEqual(refused);
    }
    const [relative] = sent.filter(({ input }) => 'id' in input && input.id === relativeId);
    if (relative === undefined) throw new Error('nobody stays');
    const stays = await write(worker, relative.name, relative.input, relative.operation);
    expect(stays).toEqual({ verdict: 'APPLIED', replayed: true, problems: [] });
  });

  test('tells nobody else anything', async () => {
    const token = await stack.deployment.tokens.issue({
      ...subjectOf(stack.actor(worker)),
      id: stack.newId(),
    });
    const document = `mutation ($operation: OperationInput!, $input: RegisterPatientInput!) {
      registerPatient(operation: $operation, input: $input) { verdict }
    }`;
    for (const { name, input, operation } of sentBefore.slice(0, 1)) {
      expect(name).toBe('registerPatient');
      const { errors } = await stack.ask(worker, document, { operation, input }, { token });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['OPERATION_ID_REUSED']);
    }
  });

  test('is not told apart by any hash that stayed', async () => {
    const ids = sentBefore.map(({ operation }) => operation['id']);
    const hashes = `SELECT count(*)::int AS value FROM operation_record
      WHERE id = ANY($1) AND request_hash <> ''`;
    for (const store of ['patient', 'clinical', 'prescription'] as const) {
      expect(await valueOf(stack.deployment.pools[store], hashes, ids), store).toBe(0);
    }
  });
});

describe('what comes late', () => {
  const fact = () => ({ id: stack.newId(), patientId });
  test.each([
    ['registerPatient', 'id', () => ({ id: patientId, name: canary, sex: 'FEMALE' })],
    ['updatePatient', 'patientId', () => ({ patientId, name: canary })],
    ['recordDeath', 'patientId', () => ({ patientId })],
    ['addIdentifier', 'patientId', () => ({ ...fact(), type: 'OTHER', value: canary })],
    [
      'relatePatients',
      'toPatientId',
      () => ({
        ...{ id: stack.newId(), fromPatientId: relativeId, toPatientId: patientId, kind: 'OTHER' },
      }),
    ],
    [
      'changePatientStatus',
      'mergedIntoId',
      () => ({ patientId: relativeId, status: 'MERGED', mergedIntoId: aliasId }),
    ],
    ['recordCheckup', 'patientId', () => ({ ...fact(), visitType: 'GENERAL', notes: canary })],
    ['createTask', 'patientId', () => ({ ...fact(), kind: 'FOLLOW_UP', dueOn: '2027-01-01' })],
    ['recordAllergy', 'patientId', () => ({ ...fact(), substance: { atcCode: 'J01CA' } })],
    [
      'breakGlass',
      'patientId',
      () => ({ patientId, reason: 'EMERGENCY', justification: `${canary} again` }),
    ],
  ] as const)('%s is refused, and only its id and verdict are kept', async (name, field, make) => {
    const input = { ...make(), ...(name === 'registerPatient' ? { areaId: anyArea() } : {}) };
    const operation = stack.operation();
    for (const replayed of [false, true]) {
      expect(await write(worker, name, input, operation)).toEqual({
        verdict: 'REJECTED',
        replayed,
        problems: [{ code: 'ERASED', field }],
      });
    }
    expect(await placesOf(stack.deployment.pools, [canary])).toEqual([]);
    const hashes = `SELECT count(*)::int AS value FROM operation_record
      WHERE id = $1 AND request_hash <> ''`;
    for (const store of ['patient', 'clinical', 'prescription'] as const) {
      expect(await valueOf(stack.deployment.pools[store], hashes, operation['id'])).toBe(0);
    }
  });

  const anyArea = () => stack.actor(worker).areaRoots[0];

  test('the store answers for itself: a restored key database does not open the door', async () => {
    const { keyPool } = stack.keys;
    const undo = `UPDATE clinical.key_owner SET erased = false, erased_at = NULL, keys_destroyed = 0
      WHERE id = $1`;
    await keyPool.query(undo, [patientId]);
    const input = { ...fact(), visitType: 'GENERAL', notes: canary };
    expect(await write(worker, 'recordCheckup', input)).toMatchObject({
      problems: [{ code: 'ERASED', field: 'patientId' }],
    });
    // The list sees that the keys are not gone, and makes it good.
    expect(await erasing.erasure.replay()).toEqual([patientId]);
    const count = 'SELECT count(*)::int AS value FROM clinical.data_key WHERE owner_id = $1';
    expect(await valueOf(keyPool, count, patientId)).toBe(0);
    expect(await erasing.list.read(patientId)).toEqual(entry);
  });

  test('an event about where they belong changes nothing, whatever its version', async () => {
    const data = {
      ...{ patientId, areaId: anyArea(), institutionId: stack.newId(), authorId: stack.newId() },
      ...{ status: 'ACTIVE', version: 2_000 },
    };
    const event: EventEnvelope = {
      ...{ specversion: '1.0', id: stack.newId(), type: 'org.caregraph.patient.placed.v1' },
      ...{ source: 'caregraph/patient', subject: patientId, time: new Date().toISOString(), data },
    };
    for (const store of ['clinical', 'prescription', 'audit'] as const) {
      await stack.deployment.subgraphs[store].consumer.receive([event]);
      const { rows } = await stack.deployment.pools[store].query(
        'SELECT status, area_id, author_id FROM patient_ref WHERE id = $1',
        [patientId],
      );
      const nobody = '00000000-0000-0000-0000-000000000000';
      expect(rows, store).toEqual([{ status: 'ERASED', area_id: null, author_id: nobody }]);
    }
  });
});

describe('what is not erased', () => {
  test('a record that went with another one: no second entry is made', async () => {
    const found = {
      ...{ kind: 'WENT_WITH', survivorId: patientId },
      earlier: { entry, done: true },
    };
    expect(await erasing.erasure.look(aliasId)).toEqual(found);
    expect(await erasing.erasure.erase(aliasId, 'COURT_ORDER')).toEqual(found);
    expect(await erasing.list.read(aliasId)).toBeUndefined();
    expect(await erasing.erasure.look(patientId)).toMatchObject({ earlier: { entry, done: true } });
  });

  test('nobody is known under the id', async () => {
    const id = stack.newId();
    expect(await erasing.erasure.erase(id, 'COURT_ORDER')).toEqual({ kind: 'UNKNOWN' });
    expect(await erasing.list.read(id)).toBeUndefined();
  });

  test('a merged record is not erased by itself: the one that answers is named', async () => {
    const [survivor, merged] = [stack.newId(), stack.newId()];
    for (const id of [survivor, merged]) {
      const areaId = stack.actor(worker).areaRoots[0];
      await write(worker, 'registerPatient', { id, name: 'Twice There', sex: 'MALE', areaId });
    }
    const merge = { patientId: merged, status: 'MERGED', mergedIntoId: survivor };
    await write(worker, 'changePatientStatus', merge);
    expect(await erasing.erasure.erase(merged, 'COURT_ORDER')).toEqual({
      kind: 'ALIAS',
      survivorId: survivor,
    });
    expect(await erasing.list.read(merged)).toBeUndefined();
    expect(await erasing.erasure.look(survivor)).toEqual({ kind: 'PERSON', aliases: [merged] });
  });

  test.each(['', '../keys', 'Ramesh', '0190A5C2-0000-7000-8000-000000000000'])(
    'what is no id is refused: %j',
    async (id) => {
      await expect(erasing.erasure.erase(id, 'COURT_ORDER')).rejects.toThrow(RangeError);
    },
  );
});
