import { afterAll, beforeAll, expect, test } from 'vitest';
import { medicines } from '@caregraph/guideline';
import { amoxicillin, openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';
import { medicineRows } from './medicine-content.store.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

async function codes(args: string, token = graph.worker): Promise<string[]> {
  const query = `{ medicines(first: 200, ${args}) { edges { node { code } } } }`;
  const answer = await graph.ask(token, query);
  expect(answer.errors).toEqual([]);
  const { edges } = answer.data?.['medicines'] as { edges: { node: { code: string } }[] };
  return edges.map(({ node }) => node.code);
}

test('the reference list is loaded once, and only what changed gets a new version', async () => {
  const count = 'SELECT count(*)::int AS rows, max(version) AS version FROM medicine';
  const rows = medicineRows().length;
  expect((await graph.pool.query(count)).rows).toEqual([{ rows, version: 1 }]);
  await graph.pool.query(`UPDATE medicine SET title = 'Old' WHERE code = $1`, [amoxicillin]);
  const { bringMedicinesUpToDate } = await import('./medicine-content.store.ts');
  const client = {
    $executeRawUnsafe: (sql: string, ...values: unknown[]) => graph.pool.query(sql, values),
  };
  // Only this one call is used of the client.
  await bringMedicinesUpToDate(client as never);
  const changed = await graph.pool.query('SELECT code, title FROM medicine WHERE version = 2');
  expect(changed.rows).toEqual([{ code: amoxicillin, title: 'Amoxicillin' }]);
});

test('a medicine is named in the language that is asked for, else in English', async () => {
  const hindi = medicines.entries.find(({ atc }) => atc === 'J01CA04')?.translations?.hi;
  const query = `{ medicine(code: "${amoxicillin}") {
    atcCode name hindi: name(language: "hi-IN") other: name(language: "sw") form strength routes } }`;
  expect((await graph.ask(graph.worker, query)).data?.['medicine']).toEqual({
    atcCode: 'J01CA04',
    name: 'Amoxicillin',
    hindi: hindi ?? 'Amoxicillin',
    other: 'Amoxicillin',
    form: 'CAPSULE',
    strength: '250 mg',
    routes: ['PO'],
  });
});

test('medicines are found by a part of their name, by ATC code and by what is stocked', async () => {
  expect(await codes('search: "MOXICILL"')).toContain(amoxicillin);
  expect(await codes('search: "moxicill", language: "fr"')).toContain(amoxicillin);
  expect(await codes('search: "_%"')).toEqual([]);
  const antibacterials = await codes('atcPrefix: "J01"');
  expect(antibacterials.length).toBeGreaterThan(10);
  expect(antibacterials.every((code) => code.startsWith('J01'))).toBe(true);
  expect(await codes(`institutionId: "${graph.clinic}"`)).toEqual([]);
  const input = { id: graph.ids.next(), institutionId: graph.clinic, medicineCode: amoxicillin };
  await graph.write('setFormularyEntry', input, { token: graph.admin });
  expect(await codes(`institutionId: "${graph.clinic}"`)).toEqual([amoxicillin]);
});

test('an institution’s list is kept by its administrator, one entry a medicine', async () => {
  const medicineCode = 'N02BE01-TAB-500MG';
  const set = (over: Record<string, unknown>, token = graph.admin) => {
    const input = { id: graph.ids.next(), institutionId: graph.clinic, medicineCode, ...over };
    const select = 'formularyEntry { id active version medicine { code } institution { id } }';
    return graph.write('setFormularyEntry', input, { token, select });
  };
  const added = await set({});
  expect(added).toMatchObject({ verdict: 'APPLIED', formularyEntry: { active: true, version: 1 } });
  const { id } = added['formularyEntry'] as { id: string };
  expect(await set({ active: false })).toMatchObject({
    formularyEntry: { id, active: false, version: 2 },
  });
  expect(await set({ institutionId: graph.ids.next() })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND', field: 'institutionId' }],
  });
  expect(await set({ medicineCode: 'NO-SUCH' })).toMatchObject({
    problems: [{ code: 'REFERENCE_NOT_FOUND' }],
  });
  const input = { id: graph.ids.next(), institutionId: graph.clinic, medicineCode };
  const denied = await graph.attempt('setFormularyEntry', input, { token: graph.pharmacist });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
  const query = `{ _entities(representations: [{ __typename: "Institution",
    id: "${graph.clinic}" }]) { ... on Institution {
      formulary(includeInactive: true) { edges { node { id } } } } } }`;
  const answer = await graph.ask(graph.worker, query);
  expect(JSON.stringify(answer.data)).toContain(id);
});
