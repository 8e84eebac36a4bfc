import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId, startTestStore } from './fixture/test-store.ts';

let store: Awaited<ReturnType<typeof startTestStore>>;
beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(async () => {
  await store.stop();
});
beforeEach(async () => {
  await store.pool.query('TRUNCATE "Person", "Tag" CASCADE');
  store.codec.calls.length = 0;
});

const areaId = newId();
const rehana = (id: string = newId()) => ({
  id,
  areaId,
  name: 'Rehana Begum',
  phone: '+91 98300 00001',
  address: { village: 'Char Bhadrasan', pin: '713101' },
  aliases: ['Rihana', 'रेहाना'],
  bornAt: new Date('1994-03-02T00:00:00Z'),
});
const opened = (person: ReturnType<typeof rehana>) => ({ ...person, version: 1 });

async function stored(id: string): Promise<Record<string, unknown>> {
  const { rows } = await store.pool.query<Record<string, unknown>>(
    'SELECT * FROM "Person" WHERE id = $1',
    [id],
  );
  return rows[0] ?? {};
}
const sealedCode = (code: string) => expect.objectContaining({ name: 'SealError', code });

describe('writing and reading one row', () => {
  it('stores bytes, gives plain values back, and never shows the tokens', async () => {
    const person = rehana();
    const created = await store.prisma.person.create({ data: person });
    expect(created).toEqual(opened(person));
    const raw = await stored(person.id);
    for (const field of ['name', 'phone', 'address', 'aliases', 'bornAt']) {
      expect(raw[field]).toBeInstanceOf(Uint8Array);
      expect(String(raw[field])).not.toMatch(/Rehana|98300|713101|Rihana|1994/);
    }
    expect(raw['nameTokens']).toHaveLength(2);
    expect(raw['phoneIndex']).toMatch(/^[0-9a-f]{8}$/);
    expect(String(raw['nameTokens'])).toMatch(/^[0-9a-f]{6},[0-9a-f]{6}$/);
    expect(await store.prisma.person.findUnique({ where: { id: person.id } })).toEqual(created);
  });

  it('keeps null, leaves undefined alone, and clears the tokens of a cleared field', async () => {
    const { phone, ...rest } = rehana();
    const person = await store.prisma.person.create({ data: { ...rest, phone: null } });
    expect(person.phone).toBeNull();
    const where = { id: rest.id };
    const later = await store.prisma.person.update({ where, data: { phone, version: 2 } });
    expect(later).toMatchObject({ phone, name: rest.name, version: 2 });
    await store.prisma.person.update({ where, data: { phone: null, areaId: newId() } });
    expect(await stored(rest.id)).toMatchObject({ phone: null, phoneIndex: null });
  });

  it('adds what opening needs to a select and strips it', async () => {
    const person = await store.prisma.person.create({
      data: { ...rehana(), cards: { create: { id: newId(), type: 'QR', value: 'q-1' } } },
      select: { name: true, cards: { select: { value: true } } },
    });
    expect(person).toEqual({ name: 'Rehana Begum', cards: [{ value: 'q-1' }] });
  });

  it('honours omit, also of the fields that opening needs', async () => {
    const person = await store.prisma.person.create({
      data: rehana(),
      omit: { id: true, phone: true, address: true, aliases: true, bornAt: true },
    });
    expect(person).toEqual({ areaId, version: 1, name: 'Rehana Begum' });
  });

  it('makes no codec call for rows that show nothing sealed', async () => {
    const { id } = await store.prisma.person.create({ data: rehana(), select: { id: true } });
    expect(await store.prisma.person.findMany({ select: { id: true } })).toEqual([{ id }]);
    expect(store.codec.calls.map(({ kind }) => kind)).toEqual(['seal']);
  });

  it('finds the row by the tokens of its name, phone and typed identifier', async () => {
    const person = await store.prisma.person.create({
      data: { ...rehana(), cards: { create: { id: newId(), type: 'MRN', value: 'a-77' } } },
    });
    const { prisma, sealing } = store;
    const name = await sealing.blindIndexFor('Person', 'nameTokens', 'begum REHANA');
    const phone = await sealing.blindIndexFor('Person', 'phoneIndex', '+919830000001');
    const value = await sealing.blindIndexFor('Card', 'valueIndex', 'A-77', { with: 'MRN' });
    const other = await sealing.blindIndexFor('Card', 'valueIndex', 'A-77', { with: 'QR' });
    const found = { where: { nameTokens: { hasSome: name }, phoneIndex: { in: phone } } };
    expect(await prisma.person.findMany({ ...found, select: { id: true } })).toEqual([
      { id: person.id },
    ]);
    expect(await prisma.card.count({ where: { valueIndex: { in: value } } })).toBe(1);
    expect(await prisma.card.count({ where: { valueIndex: { in: other } } })).toBe(0);
    await expect(sealing.blindIndexFor('Card', 'valueIndex', 'A-77')).rejects.toEqual(
      sealedCode('BLIND_INDEX_CONTEXT_MISSING'),
    );
  });
});

describe('a value that was found', () => {
  it('is meant when the index finds it, and not when its token is the same by chance', () => {
    const { isMeant } = store.sealing;
    const phone = (asked: string, opened: string) =>
      isMeant('Person', 'phoneIndex', { asked, opened });
    expect(phone('+91 98300-00001', '919830000001')).toBe(true);
    expect(phone('919830000001', '919830000002')).toBe(false);
    const name = { asked: 'BEGUM', opened: 'Rehana Begum' };
    expect(isMeant('Person', 'nameTokens', name)).toBe(true);
    const card = { asked: 'a-77', opened: 'A-77' };
    expect(isMeant('Card', 'valueIndex', card, { with: 'MRN' })).toBe(true);
    expect(() => isMeant('Card', 'valueIndex', card)).toThrow('BLIND_INDEX_CONTEXT_MISSING');
  });
});

describe('every write operation', () => {
  it('createMany and createManyAndReturn seal all rows by one call', async () => {
    const people = Array.from({ length: 5 }, () => rehana());
    await store.prisma.person.createMany({ data: people.slice(0, 3) });
    const rest = await store.prisma.person.createManyAndReturn({ data: people.slice(3) });
    expect(rest).toEqual(people.slice(3).map(opened));
    expect(store.codec.calls).toEqual([
      { kind: 'seal', count: 15 },
      { kind: 'seal', count: 10 },
      { kind: 'open', count: 10 },
    ]);
    store.codec.calls.length = 0;
    expect(await store.prisma.person.findMany()).toHaveLength(5);
    expect(store.codec.calls).toEqual([{ kind: 'open', count: 25 }]);
  });

  it('update takes a value or { set }', async () => {
    const { id } = await store.prisma.person.create({ data: rehana() });
    const update = { where: { id }, data: { name: { set: 'Asha' } } };
    // The type takes the bare value alone; Prisma's own form must not slip through either.
    const asPrisma = update as unknown as { where: { id: string }; data: { name: string } };
    expect((await store.prisma.person.update(asPrisma)).name).toBe('Asha');
    expect((await stored(id))['nameTokens']).toHaveLength(1);
  });

  it('upsert seals on both ways', async () => {
    const person = rehana();
    const upsert = () =>
      store.prisma.person.upsert({
        where: { id: person.id },
        create: person,
        update: { name: 'Rehana Khatun' },
      });
    expect((await upsert()).name).toBe('Rehana Begum');
    expect((await upsert()).name).toBe('Rehana Khatun');
  });

  it('delete, updateManyAndReturn and deleteMany give plain rows', async () => {
    const person = await store.prisma.person.create({ data: rehana() });
    const bulk = { where: { areaId }, data: { version: { increment: 1 } } };
    expect(await store.prisma.person.updateManyAndReturn(bulk)).toMatchObject([
      { name: 'Rehana Begum', version: 2 },
    ]);
    expect(await store.prisma.person.updateMany(bulk)).toEqual({ count: 1 });
    const removed = await store.prisma.person.delete({ where: { id: person.id } });
    expect(removed.name).toBe('Rehana Begum');
    expect(await store.prisma.person.deleteMany({ where: { areaId } })).toEqual({ count: 0 });
  });

  it('moves a row to another owner when all its sealed fields are written along', async () => {
    const [from, to] = [rehana(), rehana()];
    await store.prisma.person.createMany({ data: [from, to] });
    const card = { id: newId(), type: 'QR', value: 'q' };
    await store.prisma.card.create({ data: { ...card, personId: from.id } });
    const move = { personId: to.id, value: 'q', type: 'QR' };
    await store.prisma.card.update({ where: { id: card.id }, data: move });
    expect(await store.prisma.card.findFirst()).toMatchObject({ personId: to.id, value: 'q' });
  });

  it('binds rows of a compound key to both parts', async () => {
    const person = rehana();
    const householdId = newId();
    await store.prisma.person.create({
      data: { ...person, households: { create: { householdId, note: 'head' } } },
    });
    const where = { householdId_personId: { householdId, personId: person.id } };
    const member = await store.prisma.householdMember.update({ where, data: { note: 'mother' } });
    expect(member.note).toBe('mother');
    const noted = { where, select: { note: true } } as const;
    expect(await store.prisma.householdMember.findUnique(noted)).toEqual({ note: 'mother' });
  });
});

describe('nested writes', () => {
  const card = (value: string, id = newId()) => ({ id, type: 'MRN', value });

  it('create, createMany and connectOrCreate inherit the owner from their parent', async () => {
    const person = rehana();
    const third = card('c3');
    const { cards } = await store.prisma.person.create({
      data: {
        ...person,
        cards: {
          create: [card('c1')],
          createMany: { data: [card('c2')] },
          connectOrCreate: { where: { id: third.id, personId: person.id }, create: third },
        },
      },
      include: { cards: { orderBy: { id: 'asc' } } },
    });
    expect(cards.map(({ value }) => value).sort()).toEqual(['c1', 'c2', 'c3']);
  });

  it('creates the parent from the child, and takes its id for the owner', async () => {
    const made = await store.prisma.card.create({
      data: { ...card('c1'), person: { create: rehana() } },
      include: { person: true },
    });
    expect(made).toMatchObject({ value: 'c1', person: { name: 'Rehana Begum' } });
    const next = await store.prisma.card.create({
      data: { ...card('c2'), person: { connect: { id: made.personId } } },
    });
    expect(next.value).toBe('c2');
    const either = { where: { id: made.personId }, create: rehana(made.personId) };
    const last = { ...card('c3'), person: { connectOrCreate: either } };
    expect((await store.prisma.card.create({ data: last })).value).toBe('c3');
  });

  it('update, upsert and updates through two relations', async () => {
    const person = rehana();
    const first = card('c1');
    await store.prisma.person.create({ data: { ...person, cards: { create: first } } });
    const second = card('c2');
    const { cards } = await store.prisma.person.update({
      where: { id: person.id },
      data: {
        cards: {
          update: { where: { id: first.id }, data: { value: 'c1b', type: 'MRN' } },
          upsert: { where: { id: second.id }, create: second, update: { active: false } },
          updateMany: { where: { active: true }, data: { active: true } },
        },
      },
      include: { cards: true },
    });
    expect(cards.map(({ value }) => value).sort()).toEqual(['c1b', 'c2']);
    const stamp = await store.prisma.stamp.create({
      data: { id: newId(), label: 's', card: { connect: { id: first.id } } },
    });
    await store.prisma.stamp.update({
      where: { id: stamp.id, cardId: first.id },
      data: {
        card: {
          update: {
            where: { personId: person.id },
            data: { value: 'c1c', type: 'MRN', person: { update: { name: 'Rina' } } },
          },
        },
      },
    });
    const deep = await store.prisma.stamp.findMany({
      include: { card: { include: { person: { include: { cards: true } } } } },
    });
    expect(deep[0]?.card).toMatchObject({ value: 'c1c', person: { name: 'Rina' } });
    expect(deep[0]?.card.person.cards).toHaveLength(2);
  });
});

describe('relations', () => {
  it('opens rows at any depth by one call, beside counts, filters and aliases of a relation', async () => {
    const [a, b] = [rehana(), rehana()];
    await store.prisma.person.createMany({ data: [a, { ...b, name: 'Asha' }] });
    await store.prisma.friendship.create({ data: { fromId: a.id, toId: b.id } });
    await store.prisma.tag.create({
      data: { id: newId(), label: 't', persons: { connect: [{ id: a.id }, { id: b.id }] } },
    });
    store.codec.calls.length = 0;
    const tags = await store.prisma.tag.findMany({
      include: {
        _count: { select: { persons: { where: { areaId } } } },
        persons: {
          where: { friends: { some: { toId: b.id } } },
          select: { name: true, friends: { include: { to: { select: { name: true } } } } },
        },
      },
    });
    expect(tags[0]?._count.persons).toBe(2);
    const friends = [{ fromId: a.id, toId: b.id, to: { name: 'Asha' } }];
    expect(tags[0]?.persons).toEqual([{ name: 'Rehana Begum', friends }]);
    expect(store.codec.calls).toEqual([{ kind: 'open', count: 2 }]);
  });

  it('opens through the fluent API', async () => {
    const made = await store.prisma.card.create({
      data: { id: newId(), type: 'QR', value: 'x', person: { create: rehana() } },
    });
    const person = await store.prisma.card.findUnique({ where: { id: made.id } }).person();
    expect(person?.name).toBe('Rehana Begum');
    const cards = await store.prisma.card
      .findUnique({ where: { id: made.id } })
      .person()
      .cards();
    expect(cards).toMatchObject([{ value: 'x' }]);
  });
});

describe('transactions', () => {
  it('interactive: seals and opens inside, and rolls back', async () => {
    const person = rehana();
    const failed = store.prisma.$transaction(async (tx) => {
      expect((await tx.person.create({ data: person })).name).toBe('Rehana Begum');
      expect((await tx.person.findFirst())?.name).toBe('Rehana Begum');
      throw new Error('stop');
    });
    await expect(failed).rejects.toThrow('stop');
    expect(await store.prisma.person.count()).toBe(0);
  });

  it('array: all or nothing', async () => {
    const person = rehana();
    const { prisma } = store;
    const [created, all] = await prisma.$transaction([
      prisma.person.create({ data: person }),
      prisma.person.findMany(),
    ]);
    expect(all).toEqual([created]);
    const twice = [rehana(), person].map((data) => prisma.person.create({ data }));
    await expect(prisma.$transaction(twice)).rejects.toMatchObject({ code: 'P2002' });
    expect(await prisma.person.count()).toBe(1);
  });
});

describe('raw SQL', () => {
  it('opens rows that SQL selected, and seals rows for an insert', async () => {
    const { prisma, sealing, pool } = store;
    const [row] = await sealing.sealRows('Person', [rehana()]);
    await pool.query(
      'INSERT INTO "Person" (id, "areaId", name, phone, "nameTokens") VALUES ($1, $2, $3, $4, $5)',
      [row?.['id'], areaId, row?.['name'], row?.['phone'], row?.['nameTokens']],
    );
    const rows = await prisma.$queryRaw<{ id: string; name: Uint8Array; total: bigint }[]>`
      SELECT id, name, count(*) OVER () AS total FROM "Person"`;
    const people = await sealing.openRows('Person', rows);
    expect(people).toEqual([{ id: row?.['id'], name: 'Rehana Begum', total: 1n }]);
    expect(rows[0]?.name).toBeInstanceOf(Uint8Array);
    const withoutId = rows.map(({ name }) => ({ name }));
    await expect(sealing.openRows('Person', withoutId)).rejects.toEqual(
      sealedCode('SEAL_ROW_ID_MISSING'),
    );
  });
});
