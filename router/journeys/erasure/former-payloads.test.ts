import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeFiles } from '@caregraph/database';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { createTestErasure, everybody, valueOf, type TestErasure } from './test-erasure.ts';

/**
 * What was kept before it had an owner: plain, and owned by its own operation or record, as the
 * migration `keep_payload_owner` left it.
 */

type Store = 'patient' | 'clinical' | 'prescription';
let stack: JourneyStack;
let erasing: TestErasure;
/** Somebody about whom there are facts in every store. */
let patientId: string;

beforeAll(async () => {
  stack = await startJourney({ households: 8 });
  erasing = await createTestErasure(stack);
  patientId = await valueOf(
    stack.deployment.pools.prescription,
    'SELECT patient_id AS value FROM prescription ORDER BY 1 LIMIT 1',
  );
});
afterAll(async () => {
  await stack.stop();
  await erasing.stop();
});

/** The migration over a store that is already at its newest: it changes rows and no table. */
async function migrateAgain(store: Store, migration = 'own_kept_values'): Promise<void> {
  const folder = join(storeFiles(store).directory, 'migrations');
  const name = (await readdir(folder)).find((one) => one.endsWith(`_${migration}`));
  const sql = await readFile(join(folder, name ?? '', 'migration.sql'), 'utf8');
  await stack.deployment.pools[store].query(sql);
}

/** A payload as an operation left it. @returns the operation's id */
async function keep(store: Store, name: string, payload: string | Buffer): Promise<string> {
  const id = stack.newId();
  const bytes = Buffer.concat([Buffer.of(0), Buffer.from(payload)]);
  await stack.deployment.pools[store].query(
    `INSERT INTO operation_record (id, name, actor_id, device_id, device_sequence, request_hash,
       verdict, result, sealed_payload, payload_owner_id, request_id, recorded_at,
       device_recorded_at, clock_offset_ms, received_at)
     VALUES ($1::uuid, $2, $1::uuid::text, $1::uuid, 1, '\\x00', 'QUARANTINED', '{"problems": []}', $3, $1::uuid, $1::uuid, now(),
       now(), 0, now())`,
    [id, name, bytes],
  );
  return id;
}

async function keepConflict(store: Store, typename: string, entityId: string): Promise<string> {
  const id = stack.newId();
  await stack.deployment.pools[store].query(
    `INSERT INTO conflict_record (id, operation_id, typename, entity_id, field, shown, kept_sealed,
       kept_owner_id, author_id, detected_at)
     VALUES ($1, $1, $2, $3, 'notes', 'DEVICE', $4, $3, $1, now())`,
    [id, typename, entityId, Buffer.from('\0"cough"')],
  );
  return id;
}

const ownerOf = (store: Store, id: string) =>
  valueOf<string | null>(
    stack.deployment.pools[store],
    'SELECT payload_owner_id AS value FROM operation_record WHERE id = $1',
    id,
  );

const recordIn = (store: Store, table: string) =>
  valueOf<string>(
    stack.deployment.pools[store],
    `SELECT id AS value FROM ${table} WHERE patient_id = $1 LIMIT 1`,
    patientId,
  );

describe('what says whose it is', () => {
  test.each([
    ['patient', 'updatePatient', () => ({ patientId, name: 'Rehana' })],
    ['patient', 'registerPatient', () => ({ id: patientId, householdId: stack.newId() })],
    ['patient', 'relatePatients', () => ({ id: stack.newId(), fromPatientId: patientId })],
    [
      'patient',
      'retireIdentifier',
      async () => ({ identifierId: await recordIn('patient', 'identifier') }),
    ],
    ['clinical', 'recordCheckup', () => ({ id: stack.newId(), patientId, notes: 'cough' })],
    [
      'clinical',
      'amendCheckup',
      async () => ({ id: stack.newId(), amendsId: await recordIn('clinical', 'checkup') }),
    ],
    [
      'prescription',
      'dispensePrescription',
      async () => ({
        id: stack.newId(),
        prescriptionId: await recordIn('prescription', 'prescription'),
      }),
    ],
    [
      'prescription',
      'issuePrescription',
      async () => ({ id: await recordIn('prescription', 'prescription') }),
    ],
  ] as const)('%s, %s: the person owns it, and it goes with them', async (store, name, make) => {
    const id = await keep(store, name, JSON.stringify(await make()));
    await migrateAgain(store);
    expect(await ownerOf(store, id)).toBe(patientId);
  });

  test('a household owns what is kept of it', async () => {
    const householdId = stack.newId();
    const id = await keep('patient', 'updateHousehold', JSON.stringify({ householdId }));
    await migrateAgain('patient');
    expect(await ownerOf('patient', id)).toBe(householdId);
  });

  test('a value that lost a conflict over a prescription', async () => {
    const entityId = await recordIn('prescription', 'prescription');
    const id = await keepConflict('prescription', 'Prescription', entityId);
    await migrateAgain('prescription');
    const sql = 'SELECT kept_owner_id AS value FROM conflict_record WHERE id = $1';
    expect(await valueOf(stack.deployment.pools.prescription, sql, id)).toBe(patientId);
  });

  test('a value that lost a conflict over a pregnancy', async () => {
    const { clinical } = stack.deployment.pools;
    const pregnancy = `SELECT json_build_object('id', id, 'mother', patient_id) AS value
      FROM pregnancy ORDER BY id LIMIT 1`;
    const { id: entityId, mother } = await valueOf<{ id: string; mother: string }>(
      clinical,
      pregnancy,
    );
    const id = await keepConflict('clinical', 'Pregnancy', entityId);
    await migrateAgain('clinical');
    const sql = 'SELECT kept_owner_id AS value FROM conflict_record WHERE id = $1';
    expect(await valueOf(clinical, sql, id)).toBe(mother);
  });
});

test.each([
  ['names nobody', '{"prescriptionId": "0190a5c2-0000-7000-8000-000000000000"}'],
  ['names nobody by an id', '{"patientId": "the tall one"}'],
  ['is a list', '[1, 2]'],
  ['is a text', '"patientId"'],
  ['is not JSON', '{"patientId":'],
  ['holds what PostgreSQL has no text for', '{"notes": "\\u0000"}'],
  ['is not UTF-8', Buffer.of(0xff, 0xfe)],
  ['is empty', ''],
])('what %s stays as it is', async (_what, payload) => {
  const id = await keep('prescription', 'dispensePrescription', payload);
  await migrateAgain('prescription');
  expect(await ownerOf('prescription', id)).toBe(id);
});

test('what is sealed already stays as it is', async () => {
  const id = await keep('clinical', 'recordCheckup', JSON.stringify({ patientId }));
  const seal = `UPDATE operation_record SET sealed_payload = set_byte(sealed_payload, 0, 1)
    WHERE id = $1`;
  await stack.deployment.pools.clinical.query(seal, [id]);
  await migrateAgain('clinical');
  expect(await ownerOf('clinical', id)).toBe(id);
});

test('an erasure finds it, and of somebody who was erased before nothing is left', async () => {
  const { pools } = stack.deployment;
  const someone = (await everybody(pools)).find((id) => id !== patientId) ?? '';
  const payload = JSON.stringify({ patientId: someone, notes: 'Kept-4711' });
  const before = await keep('clinical', 'recordCheckup', payload);
  await migrateAgain('clinical');
  const outcome = await erasing.erasure.erase(someone, 'REQUEST_OF_PERSON');
  expect(outcome.kind).toBe('ERASED');
  const after = await keep('clinical', 'recordCheckup', payload);
  await migrateAgain('clinical');
  const { rows } = await pools.clinical.query(
    `SELECT sealed_payload AS kept, payload_owner_id AS owner, verdict FROM operation_record
     WHERE id = ANY($1)`,
    [[before, after]],
  );
  const emptied = { kept: null, owner: null, verdict: 'QUARANTINED' };
  expect(rows).toEqual([emptied, emptied]);
});

test('a hash that an earlier erasure left is blanked, and no other', async () => {
  const { patient } = stack.deployment.pools;
  const [kept, emptied] = [
    await keep('patient', 'updatePatient', '{}'),
    await keep('patient', 'updatePatient', '{}'),
  ];
  const empty = 'UPDATE operation_record SET sealed_payload = NULL WHERE id = $1';
  await patient.query(empty, [emptied]);
  const taken = await valueOf<string>(
    patient,
    `SELECT id AS value FROM operation_record WHERE result ? 'entityId' LIMIT 1`,
  );
  await migrateAgain('patient', 'blank_scrubbed_hashes');
  const hash = 'SELECT length(request_hash) AS value FROM operation_record WHERE id = $1';
  expect(await valueOf(patient, hash, emptied)).toBe(0);
  expect(await valueOf(patient, hash, kept)).toBe(1);
  expect(await valueOf(patient, hash, taken)).toBe(32);
});
