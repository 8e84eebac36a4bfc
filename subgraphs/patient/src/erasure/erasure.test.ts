import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErasureOrder } from '@caregraph/erasure';
import {
  changesOf,
  createTestDistrict,
  placedEvents,
  type TestDistrict,
} from '../test-district.ts';
import { patientErasure } from './index.ts';

let district: TestDistrict;
beforeAll(async () => {
  district = await createTestDistrict();
});
afterAll(() => district.graph.stop());

const at = new Date('2026-05-01T10:00:00.000Z');

async function erase(patientId: string, over: Partial<ErasureOrder> = {}) {
  const { pool, ids } = district.graph;
  const order = {
    patientId,
    at,
    ids,
    households: [],
    reason: 'COURT_ORDER',
    aliases: 'REFUSE',
  } as const;
  return patientErasure.erase(pool, { ...order, ...over });
}

async function rowOf(table: string, id: string): Promise<Record<string, unknown> | undefined> {
  const sql = `SELECT * FROM ${table} WHERE id = $1`;
  return (await district.graph.pool.query<Record<string, unknown>>(sql, [id])).rows[0];
}

async function household(memberCount: number) {
  const householdId = district.graph.ids.next();
  const home = { id: householdId, areaId: district.north, label: 'by the well' };
  await district.write(district.worker, 'registerHousehold', home);
  const members: string[] = [];
  for (let at = 0; at < memberCount; at += 1) {
    members.push((await district.register({ householdId })).id);
  }
  await district.write(district.worker, 'updateHousehold', { householdId, headId: members[0] });
  return { householdId, members };
}

/** Two people name a household at once: the value that does not show is kept. */
async function labelConflict(householdId: string): Promise<string> {
  const { write, worker, graph } = district;
  await write(worker, 'updateHousehold', { householdId, label: "Rehana's" }, { baseVersion: 2 });
  const other = await graph.token({ areaRoots: [district.district] });
  const late = { householdId, label: "Rehana Begum's house" };
  const receipt = await write(other, 'updateHousehold', late, { baseVersion: 2 });
  expect(receipt).toMatchObject({ verdict: 'CONFLICT' });
  const sql = `SELECT id FROM conflict_record WHERE entity_id = $1 AND field = 'label'`;
  const { rows } = await graph.pool.query<{ id: string }>(sql, [householdId]);
  expect(rows).toHaveLength(1);
  return rows[0]?.id ?? '';
}

describe('a household', () => {
  test('goes on without its head, whom neither it nor its label tells of', async () => {
    const { householdId, members } = await household(2);
    const [head = '', other = ''] = members;
    const kept = await labelConflict(householdId);
    expect(await erase(head)).toMatchObject({ kind: 'ERASED', households: [] });
    expect(await rowOf('household', householdId)).toMatchObject({
      ...{ head_id: null, label: null, version: 5 },
      field_versions: { label: { version: 5 }, headId: { version: 5 } },
    });
    expect(await rowOf('conflict_record', kept)).toBeUndefined();
    expect(await rowOf('patient', other)).toMatchObject({ household_id: householdId });
    expect((await changesOf(district.graph, householdId)).at(-1)).toMatchObject({
      ...{ typename: 'Household', version: 5, after: district.north },
    });
    const later = { householdId, label: 'by the new well' };
    expect(await district.write(district.worker, 'updateHousehold', later)).toMatchObject({
      verdict: 'APPLIED',
      household: { label: 'by the new well', head: null, members: [{ id: other }] },
    });
  });

  test('lives on, and what was asked of it confirms no guess of a name', async () => {
    const { write, worker, graph } = district;
    const id = graph.ids.next();
    const home = { id, areaId: district.north, label: "Rehana's house" };
    const registered = graph.operation();
    await write(worker, 'registerHousehold', home, registered);
    const head = await district.register({ householdId: id });
    await district.register({ householdId: id });
    const headed = graph.operation();
    const change = { householdId: id, headId: head.id };
    await write(worker, 'updateHousehold', change, headed);
    await erase(head.id);
    for (const { id: of } of [registered, headed]) {
      const row = await rowOf('operation_record', String(of));
      expect(row).toMatchObject({ request_hash: Buffer.alloc(0), result: { entityId: id } });
    }
    for (const label of [home.label, "Rehema's house"]) {
      const again = await write(worker, 'registerHousehold', { ...home, label }, registered);
      const household = { id, label: null };
      expect(again).toMatchObject({ verdict: 'APPLIED', replayed: true, household });
    }
    expect(await write(worker, 'updateHousehold', change, headed)).toMatchObject({
      ...{ verdict: 'REJECTED', replayed: true, household: null },
      problems: [{ code: 'ERASED', field: 'headId' }],
    });
  });

  test('in which nobody is left goes too, and nothing late brings it back', async () => {
    const { householdId, members } = await household(1);
    const [only = ''] = members;
    expect(await erase(only)).toMatchObject({ kind: 'ERASED', households: [householdId] });
    expect(await rowOf('household', householdId)).toBeUndefined();
    expect(await rowOf('erased_subject', householdId)).toMatchObject({ part_of: only });
    expect(await changesOf(district.graph, householdId)).toEqual([
      { typename: 'Household', version: 4, before: district.north, after: null },
    ]);
    const refused = (field: string) => ({
      verdict: 'REJECTED',
      problems: [{ code: 'ERASED', field }],
    });
    const { worker, write } = district;
    const again = { id: householdId, areaId: district.north, label: 'again' };
    expect(await write(worker, 'registerHousehold', again)).toMatchObject(refused('id'));
    const change = { householdId, label: 'again' };
    expect(await write(worker, 'updateHousehold', change)).toMatchObject(refused('householdId'));
    // Somebody who is registered into it is another person: they are told to choose another one.
    const baby = { id: district.graph.ids.next(), name: 'Asha', sex: 'FEMALE' };
    const born = { ...baby, areaId: district.north, householdId };
    expect(await write(worker, 'registerPatient', born)).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'REFERENCE_NOT_FOUND', field: 'householdId' }],
    });
    expect(await erase(only)).toMatchObject({ households: [householdId] });
  });

  test('that went once goes again from a restored store, and who was still in it leaves it', async () => {
    const { householdId, members } = await household(2);
    const [gone = '', stays = ''] = members;
    const events = (await placedEvents(district.graph, stays)).length;
    const outcome = await erase(gone, { households: [householdId], aliases: 'DETACH' });
    expect(outcome).toMatchObject({ households: [householdId] });
    expect(await rowOf('household', householdId)).toBeUndefined();
    expect(await rowOf('patient', stays)).toMatchObject({ household_id: null, version: 2 });
    expect(await placedEvents(district.graph, stays)).toHaveLength(events + 1);
    // What the erasure wrote can be changed by those who come after it.
    const name = { patientId: stays, name: 'Another Name' };
    expect(await district.write(district.worker, 'updatePatient', name)).toMatchObject({
      verdict: 'APPLIED',
    });
  });
});

describe('records of one person', () => {
  async function merged() {
    const [survivor, alias] = [await district.register(), await district.register()];
    const merge = { patientId: alias.id, status: 'MERGED', mergedIntoId: survivor.id };
    const receipt = await district.write(district.worker, 'changePatientStatus', merge);
    expect(receipt).toMatchObject({ verdict: 'APPLIED' });
    return { survivorId: survivor.id, aliasId: alias.id };
  }

  test('are known from either side, however deep', async () => {
    const { survivorId, aliasId } = await merged();
    const top = await district.register();
    const merge = { patientId: survivorId, status: 'MERGED', mergedIntoId: top.id };
    await district.write(district.worker, 'changePatientStatus', merge);
    const recordsOf = (id: string) => patientErasure.recordsOf?.(district.graph.pool, id);
    expect(await recordsOf(top.id)).toEqual({ survivorId: null, aliases: [aliasId, survivorId] });
    expect(await recordsOf(aliasId)).toEqual({ survivorId, aliases: [] });
  });

  test('go before the one that answers for them: until then it stays as it is', async () => {
    const { survivorId, aliasId } = await merged();
    expect(await erase(survivorId)).toEqual({ kind: 'ALIASES_LEFT' });
    expect(await rowOf('patient', survivorId)).toBeDefined();
    expect(await rowOf('erased_subject', survivorId)).toBeUndefined();
    await erase(aliasId);
    expect(await erase(survivorId)).toMatchObject({ kind: 'ERASED' });
  });

  test('go only while they are merged, in however many steps: else they stay as they are', async () => {
    const { survivorId, aliasId } = await merged();
    const top = await district.register();
    const other = await district.register();
    const merge = { patientId: survivorId, status: 'MERGED', mergedIntoId: top.id };
    await district.write(district.worker, 'changePatientStatus', merge);
    expect(await erase(aliasId, { mergedInto: other.id })).toEqual({ kind: 'NOT_MERGED' });
    const apart = { patientId: survivorId, status: 'ACTIVE' };
    await district.write(district.worker, 'changePatientStatus', apart);
    expect(await erase(aliasId, { mergedInto: top.id })).toEqual({ kind: 'NOT_MERGED' });
    expect(await rowOf('patient', aliasId)).toMatchObject({ status: 'MERGED' });
    expect(await rowOf('erased_subject', aliasId)).toBeUndefined();
    await district.write(district.worker, 'changePatientStatus', merge);
    for (const _run of ['first', 'second']) {
      expect(await erase(aliasId, { mergedInto: top.id })).toMatchObject({ kind: 'ERASED' });
    }
  });

  test('that are merged in a restored store, and were not when the person went, stand again', async () => {
    const { survivorId, aliasId } = await merged();
    expect(await erase(survivorId, { aliases: 'DETACH' })).toMatchObject({ kind: 'ERASED' });
    expect(await rowOf('patient', aliasId)).toMatchObject({
      ...{ status: 'ACTIVE', merged_into_id: null, version: 3 },
    });
    expect((await placedEvents(district.graph, aliasId)).at(-1)).toMatchObject({
      status: 'ACTIVE',
      version: 3,
    });
  });
});

test('a relationship goes for both, and the devices of both areas are told', async () => {
  const [here, there] = [
    await district.register(),
    await district.register({ areaId: district.south }),
  ];
  const tie = { id: district.graph.ids.next(), kind: 'SPOUSE' };
  const people = { fromPatientId: here.id, toPatientId: there.id };
  await district.write(district.worker, 'relatePatients', { ...tie, ...people });
  await erase(there.id);
  expect(await rowOf('relationship', tie.id)).toBeUndefined();
  const removals = await changesOf(district.graph, tie.id);
  expect(removals.map((one) => one['before']).sort()).toEqual(
    [district.north, district.south].sort(),
  );
  expect(removals).toEqual(
    removals.map(() => expect.objectContaining({ version: 2, after: null })),
  );
  expect(await rowOf('patient', here.id)).toMatchObject({ version: 1 });
});

test('somebody who was never there leaves a tombstone, and can never be registered', async () => {
  const id = district.graph.ids.next();
  expect(await patientErasure.knows(district.graph.pool, id)).toBe(false);
  const events = async () => {
    const { rows } = await district.graph.pool.query<{ id: string }>(
      `SELECT id::text, data->>'purpose' AS purpose, data->'actor'->>'institutionId' AS institution
       FROM outbox_event WHERE data->'accesses'->0->>'patientId' = $1`,
      [id],
    );
    return rows;
  };
  expect(await erase(id)).toEqual({ kind: 'ERASED', rows: 0, households: [] });
  // Other stores may have had facts about them: the erasure is on the record, once.
  const institution = '00000000-0000-0000-0000-000000000000';
  const told = await events();
  expect(told).toMatchObject([{ purpose: 'erasure.COURT_ORDER', institution }]);
  expect(await erase(id)).toMatchObject({ kind: 'ERASED', households: [] });
  // Audit may have heard it by now: then its copy goes with the second run.
  const left = await events();
  expect(left).toEqual(left.length === 0 ? [] : told);
  expect(await patientErasure.knows(district.graph.pool, id)).toBe(true);
  const input = { id, name: 'Rehana', sex: 'FEMALE', areaId: district.north };
  expect(await district.write(district.worker, 'registerPatient', input)).toMatchObject({
    problems: [{ code: 'ERASED', field: 'id' }],
  });
});

test('an erasure waits for the operation that names the person, and nothing of it is left', async () => {
  const { pool } = district.graph;
  const { id } = await district.register();
  const writer = await pool.connect();
  await writer.query('BEGIN');
  await writer.query('SELECT erased_among(ARRAY[$1]::uuid[])', [id]);
  await writer.query(
    `INSERT INTO change_log_entry (typename, entity_id, version, changed_at)
     VALUES ('Patient', $1, 2, now())`,
    [id],
  );
  const erasing = erase(id);
  try {
    await expect
      .poll(async () => {
        const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
        return (await pool.query(waiting)).rowCount;
      })
      .toBe(1);
  } finally {
    await writer.query('COMMIT');
    writer.release();
  }
  await erasing;
  expect(await changesOf(district.graph, id)).toEqual([
    { typename: 'Patient', version: 2, before: district.north, after: null },
  ]);
});

test('who retires an identifier while its patient is erased gets a verdict', async () => {
  const { pool } = district.graph;
  const { id: patientId } = await district.register();
  const identifierId = district.graph.ids.next();
  const card = { id: identifierId, patientId, type: 'OTHER', value: 'A-4711' };
  await district.write(district.worker, 'addIdentifier', card);
  const erasing = await pool.connect();
  await erasing.query('BEGIN');
  await erasing.query('SELECT FROM patient WHERE id = $1 FOR UPDATE', [patientId]);
  const retiring = district.write(district.worker, 'retireIdentifier', { identifierId });
  try {
    await expect
      .poll(async () => {
        const waiting = `SELECT FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND datname = current_database()`;
        return (await pool.query(waiting)).rowCount;
      })
      .toBe(1);
    await erasing.query('DELETE FROM identifier WHERE id = $1', [identifierId]);
    await erasing.query('DELETE FROM patient WHERE id = $1', [patientId]);
  } finally {
    await erasing.query('COMMIT');
    erasing.release();
  }
  expect(await retiring).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND', field: 'identifierId' }],
  });
});
