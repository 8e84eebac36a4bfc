import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { startSealedStore } from '../fixture/test-sealed-store.ts';

export type TestPeople = Awaited<ReturnType<typeof startSealedStore>>;

export const nameOf = (n: number) => `Rehana Number${n}`;

/** Adds people with a card each. @returns their ids, by number */
export async function addPeople({ prisma }: TestPeople, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await prisma.person.createMany({
    data: ids.map((id, n) => ({
      id,
      areaId: randomUUID(),
      name: nameOf(n),
      phone: `+9198765${String(n).padStart(5, '0')}`,
    })),
  });
  await prisma.card.createMany({
    data: ids.map((id, n) => ({ id: randomUUID(), personId: id, type: 'MRN', value: `c${n}` })),
  });
  return ids;
}

/** Every row opens as it was written, in a process that knows no key yet, and is found by its name. */
export async function expectWhole(store: TestPeople, ids: readonly string[]): Promise<void> {
  const { prisma } = store;
  store.own.keys.close();
  const people = await prisma.person.findMany({ include: { cards: true } });
  const byId = new Map(people.map((person) => [person.id, person]));
  ids.forEach((id, n) => {
    expect(byId.get(id)).toMatchObject({ name: nameOf(n), cards: [{ value: `c${n}` }] });
  });
  for (const n of [0, ids.length - 1]) await expectFound(store, n, ids[n]);
}

export async function expectFound({ prisma, sealing }: TestPeople, n: number, id?: string) {
  const tokens = await sealing.blindIndexFor('Person', 'nameTokens', `Number${n}`);
  const found = await prisma.person.findMany({
    where: { nameTokens: { hasSome: tokens } },
    select: { id: true },
  });
  expect(found.map((one) => one.id)).toContain(id);
}

/** No stored value of the owner names another key than the active one, so that one may go. */
export async function expectSealedByActive(store: TestPeople, ownerId: string): Promise<void> {
  const { rows } = await store.testKeys.keyPool.query<{ id: string }>(
    `SELECT id::text FROM patient.data_key WHERE owner_id = $1 AND state = 'ACTIVE'`,
    [ownerId],
  );
  expect(rows).toHaveLength(1);
  const values = await store.pool.query<{ keyId: string }>(
    `SELECT DISTINCT encode(substring(value FROM 2 FOR 16), 'hex') AS "keyId" FROM (
       SELECT unnest(ARRAY[name, phone]) AS value FROM "Person" WHERE id = $1
       UNION ALL SELECT value FROM "Card" WHERE "personId" = $1) AS stored
     WHERE value IS NOT NULL`,
    [ownerId],
  );
  expect(values.rows).toEqual([{ keyId: rows[0]?.id.replaceAll('-', '') }]);
}

/** Partition keys of as many institutions, so that a rotation has something to do. */
export async function addPartitions(store: TestPeople, count: number): Promise<void> {
  const owners = Array.from({ length: count }, () => ({
    ...{ ownerId: randomUUID(), institutionId: randomUUID() },
  }));
  await store.own.keys.keyring.prepare(owners);
}
