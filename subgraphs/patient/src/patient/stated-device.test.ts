import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, type TestDistrict } from '../test-district.ts';

/** What a device wrote it may write over; what it states about itself must be proven for that. */

let district: TestDistrict;
beforeAll(async () => {
  district = await createTestDistrict();
});
afterAll(() => district.graph.stop());

const address = (token: string, patientId: string, value: string, stamp: object) =>
  district.write(token, 'updatePatient', { patientId, address: value }, { ...stamp });

test('a colleague who states the device of another meets a conflict, the writer does not', async () => {
  const { id: patientId } = await district.register();
  const deviceId = district.graph.ids.next();
  const stamp = (deviceSequence: number) => ({ deviceId, deviceSequence, baseVersion: 1 });
  const colleague = await district.graph.token({ areaRoots: [district.district] });
  expect(await address(district.worker, patientId, 'By the well', stamp(5))).toMatchObject({
    verdict: 'APPLIED',
  });
  expect(await address(district.worker, patientId, 'By the old well', stamp(6))).toMatchObject({
    verdict: 'APPLIED',
  });
  expect(await address(colleague, patientId, 'Nowhere', stamp(7))).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'address' }],
  });
});

test('a token that names its device goes on where it stopped, under the next token too', async () => {
  const { id: patientId } = await district.register();
  const [id, deviceId] = [district.graph.ids.next(), district.graph.ids.next()];
  const areaRoots = [district.district];
  const stamp = (deviceSequence: number) => ({ deviceId, deviceSequence, baseVersion: 1 });
  for (const [count, value] of [
    [1, 'By the mill'],
    [2, 'Behind the mill'],
  ] as const) {
    const token = await district.graph.token({ id, deviceId, areaRoots });
    expect(await address(token, patientId, value, stamp(count))).toMatchObject({
      verdict: 'APPLIED',
    });
  }
  // The same person at a desk, with a token that names no device, is somebody else here.
  const desk = await district.graph.token({ id, areaRoots });
  expect(await address(desk, patientId, 'Elsewhere', stamp(3))).toMatchObject({
    verdict: 'CONFLICT',
  });
});

test('a write that is refused for its values is on the record of the person', async () => {
  const { id: patientId } = await district.register();
  const input = { patientId, birthDate: '2999-01-01' };
  expect(await district.write(district.worker, 'updatePatient', input)).toMatchObject({
    verdict: 'REJECTED',
  });
  const { rows } = await district.graph.pool.query(
    `SELECT data->>'outcome' AS outcome FROM outbox_event
     WHERE type = 'org.caregraph.record.accessed.v1' AND data->>'operation' = 'updatePatient'
       AND data->'accesses'->0->>'patientId' = $1`,
    [patientId],
  );
  expect(rows).toEqual([{ outcome: 'REJECTED' }]);
});
