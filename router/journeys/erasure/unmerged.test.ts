import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { erasureTargets } from '@caregraph/deployment/erasures';
import { createErasureSigner, replayStore, type ErasureEntry } from '@caregraph/erasure';
import { storeNames, type StoreName } from '@caregraph/database';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { createTestErasure, valueOf, type TestErasure } from './test-erasure.ts';

/** A process is killed that was to erase a person, and records of theirs turn out to be another's. */

let stack: JourneyStack;
let erasing: TestErasure;
const worker = 'hospital-clinician-1';
/** Who is to be erased. */
let patientId: string;
/** Merged into them when the erasure began. */
let aliasId: string;

async function write(name: string, input: object): Promise<void> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  const data = await stack.read(
    worker,
    `mutation ($operation: OperationInput!, $input: ${type}) {
      ${name}(operation: $operation, input: $input) { verdict }
    }`,
    { operation: stack.operation(), input },
  );
  expect(data[name], name).toEqual({ verdict: 'APPLIED' });
}

beforeAll(async () => {
  stack = await startJourney({ households: 2 });
  erasing = await createTestErasure(stack);
});
afterAll(async () => {
  await stack.stop();
  await erasing.stop();
});

beforeEach(async () => {
  [patientId, aliasId] = [stack.newId(), stack.newId()];
  for (const id of [patientId, aliasId]) {
    const areaId = stack.actor(worker).areaRoots[0];
    await write('registerPatient', { id, name: 'Asha Devi', sex: 'FEMALE', areaId });
  }
  await stack.settle();
  for (const id of [patientId, aliasId]) {
    const fact = { id: stack.newId(), patientId: id, visitType: 'GENERAL', notes: 'fever' };
    await write('recordCheckup', fact);
  }
  await write('changePatientStatus', {
    ...{ patientId: aliasId, status: 'MERGED', mergedIntoId: patientId },
  });
  const record: ErasureEntry['record'] = {
    ...{ version: 1, patientId, reason: 'REQUEST_OF_PERSON', state: 'REQUESTED' },
    ...{ requestedAt: new Date().toISOString(), aliases: [aliasId], households: [] },
  };
  const recordSignature = await createErasureSigner(erasing.key)('record', record);
  await erasing.list.create({ record, recordSignature });
});

const standAgain = () => write('changePatientStatus', { patientId: aliasId, status: 'ACTIVE' });

const targets = () => erasureTargets(stack.deployment.pools, stack.keys.keyPool);

/** The start of one subgraph in a process of its own. */
async function startOf(store: StoreName): Promise<readonly string[]> {
  const target = targets().find((one) => one.erasure.store === store);
  if (target === undefined) throw new Error(store);
  const ids = createIdSource(systemClock);
  return replayStore(target, { list: erasing.list, clock: systemClock, ids });
}

async function checkupsOf(id: string): Promise<number> {
  const sql = 'SELECT count(*)::int AS value FROM checkup WHERE patient_id = $1';
  return valueOf(stack.deployment.pools.clinical, sql, id);
}

async function expectAlive(id: string): Promise<void> {
  const query = `query ($id: UUID!) {
    patient(id: $id) { name status checkups(first: 5) { edges { node { notes } } } }
  }`;
  expect(await stack.read(worker, query, { id })).toEqual({
    patient: {
      ...{ name: 'Asha Devi', status: 'ACTIVE' },
      checkups: { edges: [{ node: { notes: 'fever' } }] },
    },
  });
  for (const store of storeNames) {
    const tombstones = 'SELECT count(*)::int AS value FROM erased_subject WHERE id = $1';
    expect(await valueOf(stack.deployment.pools[store], tombstones, id), store).toBe(0);
  }
}

test('who was un-merged meanwhile lives on, and is taken out of the list', async () => {
  await standAgain();
  expect(await erasing.erasure.look(patientId)).toMatchObject({ kind: 'PERSON', aliases: [] });
  expect(await erasing.erasure.replay()).toEqual([patientId]);
  await expectAlive(aliasId);
  expect(await checkupsOf(patientId)).toBe(0);
  const entry = await erasing.list.read(patientId);
  expect(entry?.record).toMatchObject({ state: 'COMPLETED', aliases: [] });
  expect(entry?.certificate).toMatchObject({ aliases: [] });
});

test('the start of a single store erases no record of which it cannot tell whose it is', async () => {
  await standAgain();
  for (const store of storeNames) await startOf(store);
  await expectAlive(aliasId);
  expect(await checkupsOf(patientId)).toBe(0);
  expect(await erasing.erasure.replay()).toEqual([patientId]);
  await expectAlive(aliasId);
});

test('a record that is merged still goes with the person', async () => {
  for (const store of storeNames) await startOf(store);
  expect(await checkupsOf(patientId)).toBe(0);
  // Clinical cannot tell; the patient store can, and the command makes an end of it.
  expect(await checkupsOf(aliasId)).toBe(1);
  const sql = 'SELECT count(*)::int AS value FROM patient WHERE id = ANY($1)';
  expect(await valueOf(stack.deployment.pools.patient, sql, [patientId, aliasId])).toBe(0);
  expect(await erasing.erasure.replay()).toEqual([patientId]);
  expect(await checkupsOf(aliasId)).toBe(0);
  expect((await erasing.list.read(patientId))?.record.aliases).toEqual([aliasId]);
});

test('what one store has erased is erased from all, although another one was restored', async () => {
  const clinical = targets().find((one) => one.erasure.store === 'clinical');
  const order = { patientId: aliasId, at: new Date(), ids: createIdSource(systemClock) };
  const how = { reason: 'REQUEST_OF_PERSON', households: [], aliases: 'REFUSE' } as const;
  await clinical?.erasure.erase(clinical.pool, { ...order, ...how });
  await stack.deployment.pools.patient.query(
    `UPDATE patient SET merged_into_id = NULL, status = 'ACTIVE' WHERE id = $1`,
    [aliasId],
  );
  await erasing.erasure.replay();
  const sql = 'SELECT count(*)::int AS value FROM patient WHERE id = $1';
  expect(await valueOf(stack.deployment.pools.patient, sql, aliasId)).toBe(0);
  expect((await erasing.list.read(patientId))?.record.aliases).toEqual([aliasId]);
});
