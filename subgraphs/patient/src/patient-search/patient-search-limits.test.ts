import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDistrict, placeAreas, type TestDistrict } from '../test-district.ts';
import { toOpen } from './patient-search.service.ts';
import { idsOf, namesOf, search } from './test-search.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

describe('ranks are opened whole', () => {
  const ranked = (...sizes: [rank: number, size: number][]) =>
    sizes.flatMap(([rank, size]) =>
      Array.from({ length: size }, (_, n) => ({ id: `${rank}-${n}`, rank })),
    );

  test.each([
    ['all', ranked([4, 100], [2, 100]), 200, false],
    ['the best, when the next does not fit', ranked([4, 100], [2, 101]), 100, true],
    ['as many as fit', ranked([4, 50], [3, 150], [2, 900]), 200, true],
    ['none, when the best does not fit', ranked([4, 201]), 0, true],
    ['nobody', [], 0, false],
  ])('%s', (_name, candidates, opened, leftOut) => {
    const open = toOpen(candidates);
    expect(open.ids).toHaveLength(opened);
    expect(open.leftOut).toBe(leftOut);
  });
});

/** People who are never opened: they have the tokens of somebody, and nothing of their own. */
async function multiply(patientId: string, times: number): Promise<void> {
  await d.graph.pool.query(
    `INSERT INTO patient SELECT (jsonb_populate_record(someone,
       jsonb_build_object('id', gen_random_uuid()))).* FROM patient AS someone, generate_series(1, $2)
     WHERE someone.id = $1`,
    [patientId, times],
  );
}

async function village(districtId = d.district): Promise<string> {
  const areaId = id();
  await placeAreas(d.graph, [{ ancestors: [districtId, areaId], districtId }]);
  return areaId;
}

describe('more than two hundred', () => {
  test('who fit equally well are not shown, and the answer says what would help', async () => {
    const areaId = await village();
    const { id: one } = await d.register({ areaId, name: 'Rehana Begum' });
    await multiply(one, 200);
    const many = await search(d, { areaId, name: 'rehana' });
    expect(many).toEqual({
      outcome: 'TOO_MANY',
      narrowBy: ['NAME', 'BORN_BETWEEN', 'AREA', 'PHONE', 'IDENTIFIER'],
      total: 0,
      matches: [],
    });
    const { id: born } = await d.register({ areaId, name: 'Rihana', birthDate: '1990-05-05' });
    const bornBetween = { from: '1990-01-01', to: '1990-12-31' };
    const narrowed = await search(d, { areaId, name: 'rehana', bornBetween });
    expect(narrowed).toMatchObject({ outcome: 'FOUND', narrowBy: [], total: 1 });
    expect(idsOf(narrowed)).toEqual([born]);
  });

  test.each([
    ['a few hundred', 250],
    ['thousands', 2_100],
  ])('who fit less well, %s, do not keep the closest from being shown', async (_name, others) => {
    const areaId = await village();
    const { id: closest } = await d.register({ areaId, name: 'Rehana' });
    const { id: begins } = await d.register({ areaId, name: 'Rehanabanu' });
    await multiply(begins, others);
    const answer = await search(d, { areaId, name: 'rehana' });
    expect(answer).toMatchObject({ outcome: 'CLOSEST', total: 1 });
    expect(answer.narrowBy).toContain('BORN_BETWEEN');
    expect(idsOf(answer)).toEqual([closest]);
    // Whoever fits only less well is among too many.
    expect(await search(d, { areaId, name: 'rehanab' })).toMatchObject({ outcome: 'TOO_MANY' });
  });

  test('thousands who all fit are never opened', async () => {
    const areaId = await village();
    const { id: one } = await d.register({ areaId, name: 'Rehana Begum' });
    await multiply(one, 2_100);
    const answer = await search(d, { areaId, name: 'rehana begum' });
    expect(answer).toMatchObject({ outcome: 'TOO_MANY', matches: [] });
    // A second word would not help any more: there were two.
    expect(answer.narrowBy).not.toContain('NAME');
    const born = { areaId, bornBetween: { from: '1900-01-01' } };
    await d.graph.pool.query(`UPDATE patient SET birth_date = '1950-01-01' WHERE area_id = $1`, [
      areaId,
    ]);
    expect(await search(d, born)).toMatchObject({ outcome: 'TOO_MANY', matches: [] });
  });

  test('people out of scope are not counted', async () => {
    const areaId = await village(d.abroad);
    const author = await d.graph.token({ id: id(), areaRoots: [d.abroad] });
    const { id: theirs } = await d.register({ areaId, name: 'Rehana' }, author);
    await multiply(theirs, 300);
    expect(await search(d, { areaId, name: 'rehana' }, author)).toMatchObject({
      outcome: 'TOO_MANY',
    });
    expect(await search(d, { areaId, name: 'rehana' })).toMatchObject({ outcome: 'FOUND' });
  });
});

describe('districts', () => {
  test('a subtree of several is searched in each; one of too many is refused', async () => {
    const state = id();
    const districts = Array.from({ length: 60 }, id);
    await placeAreas(d.graph, [
      ...districts.map((one) => ({ ancestors: [state, one], districtId: one })),
      { ancestors: [state], districtId: districts[0] ?? '' },
    ]);
    const official = await d.graph.token({ id: d.workerId, areaRoots: [state] });
    const people: string[] = [];
    for (const areaId of [districts[3], districts[59]]) {
      people.push((await d.register({ areaId, name: 'Rehana' }, official)).id);
    }
    const found = await search(d, { areaId: state, name: 'rehana' }, official);
    expect(idsOf(found)).toEqual(people);
    const more = id();
    await placeAreas(d.graph, [{ ancestors: [state, more], districtId: more }]);
    expect(await search(d, { areaId: state, name: 'rehana' }, official)).toMatchObject({
      outcome: 'TOO_MANY',
      narrowBy: ['AREA'],
    });
    // What needs no name's token needs no district either.
    const phoned = await search(d, { areaId: state, phone: '9811100000' }, official);
    expect(phoned.outcome).toBe('FOUND');
  });
});

describe('an index that is behind', () => {
  const unindexed = (patientId: string) =>
    d.graph.pool.query(`UPDATE patient SET district_id = NULL, name_tokens = '{}' WHERE id = $1`, [
      patientId,
    ]);

  test('is told where it concerns the search, and a write mends it', async () => {
    const [areaId, elsewhere] = [await village(), await village()];
    const { id: old } = await d.register({ areaId, name: 'Rehana' });
    const { id: other } = await d.register({ areaId, name: 'Rehana' });
    await unindexed(old);
    const find = (at: string, token = d.worker) => search(d, { areaId: at, name: 'rehana' }, token);
    const behind = await find(areaId);
    expect(behind.outcome).toBe('INDEX_BEHIND');
    expect(idsOf(behind)).toEqual([other]);
    expect(await find(elsewhere)).toMatchObject({ outcome: 'FOUND' });
    expect(await find(areaId, d.foreign)).toMatchObject({ outcome: 'FOUND' });
    await d.write(d.worker, 'updatePatient', { patientId: old, name: 'Rehana Bibi' });
    const mended = await find(areaId);
    expect(mended.outcome).toBe('FOUND');
    expect(namesOf(mended)).toEqual(['Rehana', 'Rehana Bibi']);
  });

  test('a move within the district mends it as well', async () => {
    const [from, to] = [await village(), await village()];
    const { id: patientId } = await d.register({ areaId: from, name: 'Rehana' });
    await unindexed(patientId);
    await d.write(d.worker, 'movePatient', { patientId, areaId: to });
    const found = await search(d, { areaId: to, name: 'rehana' });
    expect(found.outcome).toBe('FOUND');
    expect(idsOf(found)).toEqual([patientId]);
  });
});

describe('events of areas', () => {
  const districtOf = async (areaId: string) => {
    const { rows } = await d.graph.pool.query<{ district_id: string | null; version: number }>(
      'SELECT district_id, version FROM area_ref WHERE id = $1',
      [areaId],
    );
    return rows[0];
  };

  test('a district that is told late is taken under the same version, and then stays', async () => {
    const areaId = id();
    const ancestors = [d.district, areaId];
    await placeAreas(d.graph, [{ ancestors }]);
    expect(await districtOf(areaId)).toEqual({ district_id: null, version: 1 });
    await placeAreas(d.graph, [{ ancestors, districtId: d.district }]);
    expect(await districtOf(areaId)).toEqual({ district_id: d.district, version: 1 });
    // From an institution subgraph of an older version.
    await placeAreas(d.graph, [{ ancestors, version: 2 }]);
    expect(await districtOf(areaId)).toEqual({ district_id: d.district, version: 2 });
  });

  test('both at once, in either order', async () => {
    for (const late of [true, false]) {
      const areaId = id();
      const bare = { ancestors: [d.district, areaId] };
      const told = { ...bare, districtId: d.district };
      await placeAreas(d.graph, late ? [bare, told] : [told, bare]);
      expect(await districtOf(areaId)).toEqual({ district_id: d.district, version: 1 });
    }
  });

  test('nobody is placed in an area whose district is not known: it would not be found', async () => {
    const areaId = id();
    const ancestors = [d.district, areaId];
    await placeAreas(d.graph, [{ ancestors }]);
    await expect(d.register({ areaId })).rejects.toThrow('SCOPE_BEHIND');
    const { id: patientId } = await d.register();
    await expect(d.write(d.worker, 'movePatient', { patientId, areaId })).rejects.toThrow(
      'SCOPE_BEHIND',
    );
    await placeAreas(d.graph, [{ ancestors, districtId: d.district }]);
    expect(await d.write(d.worker, 'movePatient', { patientId, areaId })).toMatchObject({
      verdict: 'APPLIED',
    });
  });

  test('the database refuses a person in the index of a district where they do not live', async () => {
    const { id: patientId } = await d.register();
    const change = d.graph.pool.query('UPDATE patient SET district_id = $1 WHERE id = $2', [
      d.abroad,
      patientId,
    ]);
    await expect(change).rejects.toMatchObject({ constraint: 'patient_area_id_district_id_fkey' });
  });
});
