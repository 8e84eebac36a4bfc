import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { createTestErasure, placesOf, traceOf, valueOf, type TestErasure } from './test-erasure.ts';

/** Others write about a person while they are erased. */

let stack: JourneyStack;
let erasing: TestErasure;
const worker = 'hospital-clinician-1';

beforeAll(async () => {
  stack = await startJourney({ households: 10 });
  erasing = await createTestErasure(stack);
});
afterAll(async () => {
  await stack.stop();
  await erasing.stop();
});

/** People about whom there are facts of every kind that somebody can go on writing at. */
async function subjects(count: number): Promise<string[]> {
  const { rows } = await stack.deployment.pools.prescription.query<{ id: string }>(
    'SELECT DISTINCT patient_id AS id FROM prescription ORDER BY 1',
  );
  const { rows: known } = await stack.deployment.pools.clinical.query<{ id: string }>(
    `SELECT DISTINCT patient_id AS id FROM checkup WHERE patient_id = ANY($1) ORDER BY 1 LIMIT $2`,
    [rows.map((row) => row.id), count],
  );
  if (known.length < count) throw new Error('the district has too few people');
  return known.map((row) => row.id);
}

interface Wrote {
  readonly verdict: string | undefined;
  readonly codes: readonly string[];
}

async function write(name: string, input: object): Promise<Wrote> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  const { data, errors } = await stack.ask(
    worker,
    `mutation ($operation: OperationInput!, $input: ${type}) {
      ${name}(operation: $operation, input: $input) { verdict problems { code } }
    }`,
    { operation: stack.operation(), input },
  );
  const receipt = data?.[name] as { verdict: string; problems: { code: string }[] } | null;
  return {
    verdict: receipt?.verdict,
    codes: [
      ...errors.map((one) => one.extensions.code),
      ...(receipt?.problems ?? []).map((one) => one.code),
    ],
  };
}

/** Everything that can be written about a person, by their id and by ids of their records. */
async function writersOf(patientId: string): Promise<readonly (() => Promise<Wrote>)[]> {
  const { clinical, patient, prescription } = stack.deployment.pools;
  const of = (table: string) => `SELECT id AS value FROM ${table} WHERE patient_id = $1 LIMIT 1`;
  const checkup = await valueOf<string>(clinical, of('checkup'), patientId);
  const script = await valueOf<string>(prescription, of('prescription'), patientId);
  const homeSql = 'SELECT household_id AS value FROM patient WHERE id = $1';
  const householdId = await valueOf<string | null>(patient, homeSql, patientId);
  let latest = checkup;
  const fact = () => ({ id: stack.newId(), patientId });
  return [
    () => write('updatePatient', { patientId, name: `Name ${stack.newId()}` }),
    () => write('addIdentifier', { ...fact(), type: 'OTHER', value: stack.newId() }),
    async () => {
      const identifier = { ...fact(), type: 'OTHER', value: stack.newId() };
      await write('addIdentifier', identifier);
      return write('retireIdentifier', { identifierId: identifier.id });
    },
    () => write('recordCheckup', { ...fact(), visitType: 'GENERAL', notes: 'seen' }),
    async () => {
      const id = stack.newId();
      const amending = { id, amendsId: latest, reason: 'ADDITIONAL_INFORMATION', notes: 'more' };
      const wrote = await write('amendCheckup', amending);
      if (wrote.verdict === 'APPLIED') latest = id;
      return wrote;
    },
    async () => {
      const task = { ...fact(), kind: 'FOLLOW_UP', dueOn: '2027-01-01' };
      await write('createTask', task);
      return write('completeTask', { taskId: task.id });
    },
    () => write('recordAllergy', { ...fact(), substance: { atcCode: 'J01CA' } }),
    () => write('cancelPrescription', { prescriptionId: script, reason: 'no longer needed' }),
    ...(householdId === null
      ? []
      : [
          () => write('updateHousehold', { householdId, headId: patientId }),
          () => write('movePatient', { patientId, householdId }),
        ]),
  ];
}

test('no row survives, nobody waits for ever, and no write fails but for what it says', async () => {
  for (const patientId of await subjects(8)) {
    const writers = await writersOf(patientId);
    const wrote: Wrote[] = [];
    let isOver = false;
    const loops = writers.map(async (once) => {
      do wrote.push(await once());
      while (!isOver);
    });
    await expect.poll(() => wrote.length, { timeout: 60_000 }).toBeGreaterThan(writers.length * 2);
    const outcome = await erasing.erasure.erase(patientId, 'REQUEST_OF_PERSON');
    expect(outcome.kind).toBe('ERASED');
    isOver = true;
    await Promise.all(loops);

    const codes = new Set(wrote.flatMap((one) => one.codes));
    for (const fault of ['INTERNAL', 'STORE_UNAVAILABLE', 'SUBGRAPH_UNAVAILABLE']) {
      expect(codes, `${patientId}: ${[...codes].join()}`).not.toContain(fault);
    }
    expect(wrote.some((one) => one.verdict === 'APPLIED')).toBe(true);
    expect(await traceOf(stack.deployment.pools, patientId)).toEqual([]);
    expect((await write('updatePatient', { patientId, name: 'Once More' })).codes).toEqual([
      'ERASED',
    ]);
    await stack.settle();
    const places = await placesOf(stack.deployment.pools, [patientId]);
    const allowed =
      /^audit\.(access_record|audit_access)\.patient_id$|\.erased_subject\.id$|\.patient_ref\.id$|^patient\.change_log_entry\.entity_id$|\.outbox_event\.data$/;
    expect(places.filter((place) => !allowed.test(place))).toEqual([]);
    const alive = 'SELECT count(*)::int AS value FROM patient WHERE id = $1';
    expect(await valueOf(stack.deployment.pools.patient, alive, patientId)).toBe(0);
  }
}, 400_000);
