import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** Writes that arrive before, or without, the person they are about. */

let stack: JourneyStack;
beforeAll(async () => {
  stack = await startJourney({ households: 4 });
});
afterAll(() => stack.stop());

async function recordCheckup(actor: string, patientId: string) {
  const id = stack.newId();
  const data = await stack.read(
    actor,
    `mutation ($operation: OperationInput!, $input: RecordCheckupInput!) {
      recordCheckup(operation: $operation, input: $input) { verdict problems { code } }
    }`,
    {
      operation: stack.operation(),
      input: {
        id,
        patientId,
        visitType: 'GENERAL',
        vitals: { systolicMmHg: 120, diastolicMmHg: 80 },
      },
    },
  );
  return { id, receipt: data['recordCheckup'] };
}

async function registerPatient(actor: string, id: string) {
  const data = await stack.read(
    actor,
    `mutation ($operation: OperationInput!, $input: RegisterPatientInput!) {
      registerPatient(operation: $operation, input: $input) { verdict problems { code field } }
    }`,
    {
      operation: stack.operation(),
      input: {
        id,
        name: 'Gauri Pawar',
        sex: 'FEMALE',
        birthDate: '1997-02-01',
        areaId: stack.actor(actor).areaRoots[0],
      },
    },
  );
  expect(data['registerPatient']).toEqual({ verdict: 'APPLIED', problems: [] });
  await stack.settle();
}

const seen = async (actor: string, id: string) =>
  (await stack.read(actor, `query ($id: UUID!) { checkup(id: $id) { id } }`, { id }))['checkup'];

test('a checkup of somebody not yet registered is its author’s alone until they are', async () => {
  const patientId = stack.newId();
  const { id, receipt } = await recordCheckup('health-worker-1', patientId);
  expect(receipt).toMatchObject({ verdict: 'PROVISIONAL' });
  expect(await seen('health-worker-1', id)).toEqual({ id });
  for (const other of ['health-worker-2', 'supervisor-1', 'clinician-1', 'hospital-clinician-1']) {
    expect(await seen(other, id), other).toBeNull();
  }

  await registerPatient('health-worker-1', patientId);
  for (const near of ['health-worker-1', 'supervisor-1', 'clinician-1', 'hospital-clinician-1']) {
    expect(await seen(near, id), near).toEqual({ id });
  }
  expect(await seen('health-worker-2', id)).toBeNull();
  const whole = await stack.read(
    'clinician-1',
    `query ($id: UUID!) { patient(id: $id) { name latestCheckup { id } } }`,
    { id: patientId },
  );
  expect(whole['patient']).toEqual({ name: 'Gauri Pawar', latestCheckup: { id } });
});

test('a checkup goes to where the person turns out to live', async () => {
  const patientId = stack.newId();
  const { id, receipt } = await recordCheckup('health-worker-1', patientId);
  expect(receipt).toMatchObject({ verdict: 'PROVISIONAL' });
  await registerPatient('health-worker-2', patientId);
  expect(await seen('health-worker-2', id)).toEqual({ id });
  expect(await seen('health-worker-1', id)).toBeNull();
  expect(await seen('health-worker-3', id)).toBeNull();
});

test('a checkup of somebody out of reach is quarantined and not shown', async () => {
  const patientId = stack.newId();
  await registerPatient('health-worker-2', patientId);
  const { id, receipt } = await recordCheckup('health-worker-1', patientId);
  expect(receipt).toMatchObject({ verdict: 'QUARANTINED' });
  for (const actor of ['health-worker-1', 'health-worker-2', 'hospital-clinician-1']) {
    expect(await seen(actor, id), actor).toBeNull();
  }
});
