import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDistrict, placeAreas, type TestDistrict } from '../test-district.ts';
import { idsOf, search } from './test-search.ts';

/**
 * Whatever happens to people and households, everyone is found by name in the district where they
 * live, and has no token of another one.
 */
let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();
const names = ['Rehana Begum', 'Sunita Devi', 'Mohammed Irfan'] as const;

interface World {
  readonly token: string;
  readonly districts: readonly string[];
  readonly villages: readonly string[];
  readonly patients: string[];
  readonly households: string[];
}

/** Two districts of two villages each, for one run. */
async function createWorld(): Promise<World> {
  const districts = [id(), id()];
  const villages: string[] = [];
  for (const districtId of districts) {
    const below = [id(), id()];
    villages.push(...below);
    const paths = [[districtId], ...below.map((one) => [districtId, one])];
    await placeAreas(
      d.graph,
      paths.map((ancestors) => ({ ancestors, districtId })),
    );
  }
  const token = await d.graph.token({ areaRoots: districts });
  return { token, districts, villages, patients: [], households: [] };
}

const steps = ['register', 'settle', 'move', 'join', 'leave', 'moveHousehold', 'rename'] as const;
const step = fc.record({
  kind: fc.constantFrom(...steps),
  whom: fc.nat({ max: 99 }),
  where: fc.nat({ max: 99 }),
  name: fc.constantFrom(...names),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(world: World, { kind, whom, where, name }: Step): Promise<void> {
  const { token, villages, patients, households } = world;
  const write = (operation: string, input: Record<string, unknown>) =>
    d.write(token, operation, input);
  const areaId = villages[where % villages.length];
  const patientId = patients[whom % Math.max(1, patients.length)];
  const householdId = households[where % Math.max(1, households.length)];
  const moved = households[whom % Math.max(1, households.length)];
  if (kind === 'register') {
    const lodged = whom % 2 === 0 ? householdId : undefined;
    const input = { id: id(), name, sex: 'FEMALE', areaId, householdId: lodged };
    await write('registerPatient', input);
    patients.push(input.id);
  } else if (kind === 'settle') {
    const input = { id: id(), areaId };
    await write('registerHousehold', input);
    households.push(input.id);
  } else if (kind === 'moveHousehold' && moved !== undefined) {
    await write('updateHousehold', { householdId: moved, areaId });
  } else if (patientId !== undefined) {
    if (kind === 'move') await write('movePatient', { patientId, areaId });
    if (kind === 'join' && householdId) await write('movePatient', { patientId, householdId });
    if (kind === 'leave') await write('movePatient', { patientId, householdId: null });
    if (kind === 'rename') await write('updatePatient', { patientId, name });
  }
}

interface Stored {
  readonly id: string;
  readonly district: string;
  readonly kept: string;
  readonly tokens: string[];
}

async function expectFindable({ token, districts, patients }: World): Promise<void> {
  const { rows } = await d.graph.pool.query<Stored>(
    `SELECT patient.id, place.ancestors[1] AS district, patient.district_id AS kept,
       name_tokens AS tokens
     FROM patient JOIN area_ref AS place ON place.id = area_id WHERE patient.id = ANY ($1)`,
    [patients],
  );
  const found = new Map<string, string[]>();
  for (const areaId of districts) {
    for (const name of names) {
      const answer = await search(d, { areaId, name, first: 50 }, token);
      expect(answer.outcome).toBe('FOUND');
      for (const one of idsOf(answer)) found.set(one, [...(found.get(one) ?? []), areaId]);
    }
  }
  for (const { id: patientId, district, kept } of rows) {
    expect(kept).toBe(district);
    expect(found.get(patientId)).toEqual([district]);
  }
  expect(found.size).toBe(patients.length);
  const tokensIn = (district?: string) =>
    rows.filter((row) => row.district === district).flatMap((row) => row.tokens);
  const foreign = new Set(tokensIn(districts[1]));
  expect(tokensIn(districts[0]).filter((token) => foreign.has(token))).toEqual([]);
}

test('after any sequence of registrations, moves and changes', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 30 }), async (taken) => {
      const world = await createWorld();
      for (const one of taken) await take(world, one);
      await expectFindable(world);
    }),
    { numRuns: 15 },
  );
});

test('a household and those who join it meanwhile end in one district', async () => {
  const world = await createWorld();
  const { token, villages, patients } = world;
  const householdId = id();
  await d.write(token, 'registerHousehold', { id: householdId, areaId: villages[0] });
  for (let n = 0; n < 6; n += 1) {
    patients.push((await d.register({ areaId: villages[1] }, token)).id);
  }
  await Promise.all([
    ...patients.map((patientId) => d.write(token, 'movePatient', { patientId, householdId })),
    d.write(token, 'updateHousehold', { householdId, areaId: villages[2] }),
  ]);
  await expectFindable(world);
  const answer = await search(d, { areaId: String(villages[2]), name: 'rehana' }, token);
  expect(idsOf(answer)).toHaveLength(6);
});
