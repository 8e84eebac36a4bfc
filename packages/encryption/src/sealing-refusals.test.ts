import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, startTestStore } from './fixture/test-store.ts';
import { faultIn, type SealErrorCode } from './index.ts';

type Loose = Record<string, Record<string, (args: object) => Promise<unknown>>>;

let store: Awaited<ReturnType<typeof startTestStore>>;
let loose: Loose;
const personId = newId();
const cardId = newId();
const secret = 'Rehana Begum';

beforeAll(async () => {
  store = await startTestStore();
  // The generated types do not let most of these questions be asked: that is tested elsewhere.
  loose = store.prisma as unknown as Loose;
  await store.prisma.person.create({
    data: {
      id: personId,
      areaId: newId(),
      name: secret,
      cards: { create: { id: cardId, type: 'MRN', value: 'c1' } },
    },
  });
}, 60_000);
afterAll(async () => {
  await store.stop();
});

const where = { id: personId };
const create = { id: newId(), areaId: newId(), name: secret };
const refusals: [SealErrorCode, string, string, object][] = [
  ['SEALED_FIELD_NOT_FILTERABLE', 'person', 'findMany', { where: { name: secret } }],
  ['SEALED_FIELD_NOT_FILTERABLE', 'person', 'findFirst', { where: { phone: null } }],
  ['SEALED_FIELD_NOT_FILTERABLE', 'person', 'findUnique', { where: { ...where, name: secret } }],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'count',
    { where: { OR: [{ NOT: { AND: [{ name: secret }] } }] } },
  ],
  ['SEALED_FIELD_NOT_FILTERABLE', 'person', 'deleteMany', { where: { name: secret } }],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'updateMany',
    { where: { name: secret }, data: { version: 2 } },
  ],
  ['SEALED_FIELD_NOT_FILTERABLE', 'stamp', 'findMany', { where: { card: { value: 'c1' } } }],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'stamp',
    'findMany',
    { where: { card: { is: { person: { name: secret } } } } },
  ],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'findMany',
    { where: { cards: { some: { value: 'c1' } } } },
  ],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'findMany',
    { include: { cards: { where: { value: 'c1' } } } },
  ],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'findMany',
    { select: { _count: { select: { cards: { where: { value: 'c1' } } } } } },
  ],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'update',
    { where, data: { cards: { deleteMany: { value: 'c1' } } } },
  ],
  [
    'SEALED_FIELD_NOT_FILTERABLE',
    'person',
    'groupBy',
    { by: ['areaId'], having: { name: secret }, _count: true },
  ],
  [
    'BLIND_INDEX_SEARCH_EMPTY',
    'card',
    'findMany',
    { where: { person: { nameTokens: { hasEvery: [] } } } },
  ],
  ['SEALED_FIELD_NOT_SORTABLE', 'person', 'findMany', { orderBy: { name: 'asc' } }],
  ['SEALED_FIELD_NOT_SORTABLE', 'card', 'findMany', { orderBy: [{ person: { name: 'asc' } }] }],
  [
    'SEALED_FIELD_NOT_SORTABLE',
    'person',
    'findMany',
    { select: { cards: { orderBy: { value: 'asc' } } } },
  ],
  ['SEALED_FIELD_NOT_GROUPABLE', 'person', 'groupBy', { by: ['name'] }],
  ['SEALED_FIELD_NOT_GROUPABLE', 'person', 'findMany', { distinct: 'name' }],
  ['SEALED_FIELD_NOT_AGGREGATABLE', 'person', 'aggregate', { _max: { name: true } }],
  ['SEALED_FIELD_NOT_AGGREGATABLE', 'person', 'count', { select: { phone: true } }],
  ['SEALED_FIELD_NOT_A_CURSOR', 'person', 'findMany', { cursor: { ...where, name: secret } }],
  ['SEALED_FIELD_NOT_BULK_WRITABLE', 'person', 'updateMany', { data: { name: secret } }],
  ['SEALED_FIELD_NOT_BULK_WRITABLE', 'person', 'updateManyAndReturn', { data: { phone: null } }],
  [
    'SEALED_FIELD_NOT_BULK_WRITABLE',
    'person',
    'update',
    { where, data: { cards: { updateMany: { where: {}, data: { value: 'c' } } } } },
  ],
  ['SEAL_ROW_ID_MISSING', 'person', 'create', { data: { areaId: newId(), name: secret } }],
  [
    'SEAL_OWNER_MISSING',
    'card',
    'update',
    { where: { id: cardId }, data: { value: 'c2', type: 'MRN' } },
  ],
  ['SEAL_OWNER_FIXED', 'person', 'update', { where, data: { id: newId() } }],
  ['SEAL_OWNER_FIXED', 'card', 'update', { where: { id: cardId }, data: { personId: newId() } }],
  ['SEAL_OWNER_FIXED', 'card', 'updateMany', { where: {}, data: { personId: newId() } }],
  [
    'SEAL_OWNER_FIXED',
    'card',
    'update',
    { where: { id: cardId, personId }, data: { person: { connect: { id: newId() } } } },
  ],
  ['SEAL_OWNER_FIXED', 'person', 'update', { where, data: { cards: { set: [] } } }],
  [
    'SEAL_OWNER_FIXED',
    'person',
    'create',
    { data: { ...create, cards: { connect: { id: cardId } } } },
  ],
  [
    'SEAL_OWNER_FIXED',
    'person',
    'update',
    {
      where,
      data: {
        cards: {
          connectOrCreate: { where: { id: cardId }, create: { id: cardId, type: 'a', value: 'b' } },
        },
      },
    },
  ],
  ['SEAL_VALUE_INVALID', 'person', 'create', { data: { ...create, name: 12 } }],
  ['SEAL_VALUE_INVALID', 'person', 'create', { data: { ...create, name: 'a\uD800' } }],
  ['SEAL_VALUE_INVALID', 'person', 'create', { data: { ...create, aliases: ['a', 1] } }],
  ['SEAL_VALUE_INVALID', 'person', 'create', { data: { ...create, bornAt: '1994-03-02' } }],
  [
    'SEAL_VALUE_INVALID',
    'person',
    'create',
    { data: { ...create, name: new TextEncoder().encode(secret) } },
  ],
  ['BLIND_INDEX_NOT_WRITABLE', 'person', 'create', { data: { ...create, nameTokens: ['x'] } }],
  ['BLIND_INDEX_NOT_WRITABLE', 'person', 'updateMany', { data: { phoneIndex: 'x' } }],
  [
    'BLIND_INDEX_CONTEXT_MISSING',
    'card',
    'update',
    { where: { id: cardId, personId }, data: { value: 'c2' } },
  ],
  [
    'BLIND_INDEX_CONTEXT_MISSING',
    'card',
    'update',
    { where: { id: cardId, personId }, data: { type: 'QR' } },
  ],
  ['BLIND_INDEX_CONTEXT_MISSING', 'card', 'updateMany', { where: {}, data: { type: 'QR' } }],
];

describe('refusals', () => {
  it.each(refusals)('%s: %s.%s %j', async (code, model, operation, args) => {
    const asked = loose[model]?.[operation]?.(args);
    const error: unknown = await asked?.then(
      () => undefined,
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ name: 'SealError', code });
    expect(String(error)).not.toContain(secret);
  });

  it('leave the database as it was, and allow what only looks alike', async () => {
    expect(await store.prisma.person.findMany({ include: { cards: true } })).toMatchObject([
      { name: secret, cards: [{ value: 'c1', type: 'MRN', personId }] },
    ]);
    const same = { where: { id: cardId, personId }, data: { personId, value: 'c1', type: 'MRN' } };
    expect((await store.prisma.card.update(same)).value).toBe('c1');
    const stays = { cards: { connect: { id: cardId, personId } } };
    expect((await store.prisma.person.update({ where, data: stays })).name).toBe(secret);
  });
});

/** What reading throws. */
function faultOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('stored bytes that do not open', () => {
  it('are a fault that names the place and never the value, in every kind of read', async () => {
    await store.pool.query('UPDATE "Card" SET value = $1', [Buffer.from([9, 0x41, 0x42])]);
    const { rows } = await store.pool.query<object>('TABLE "Card"');
    const reads: (() => Promise<unknown>)[] = [
      () => store.prisma.card.findMany(),
      () => store.prisma.person.findMany({ include: { cards: true } }),
      () => store.prisma.$transaction([store.prisma.card.findMany()]),
      () => store.prisma.$transaction((tx) => tx.card.findMany()),
      () => store.sealing.openRows('Card', rows),
    ];
    for (const read of reads) {
      const place = { model: 'Card', field: 'value', rowId: cardId };
      const answer = await read();
      const error = faultOf(() => structuredClone(answer));
      expect(error).toMatchObject({ code: 'SEAL_VERSION_UNKNOWN' });
      expect(JSON.stringify(error)).toBe(
        JSON.stringify({ code: 'SEAL_VERSION_UNKNOWN', place, name: 'SealError' }),
      );
      expect(String(error)).not.toContain('AB');
    }
    await store.pool.query('UPDATE "Card" SET value = $1', [Buffer.alloc(0)]);
    const [card] = await store.prisma.card.findMany();
    expect(faultOf(() => card?.value)).toMatchObject({ code: 'SEAL_VERSION_UNKNOWN' });
  });

  it('leave the fields and rows beside them readable', async () => {
    const other = { id: newId(), type: 'MRN', value: 'c2', personId };
    await store.prisma.card.create({ data: other });
    const { id } = other;
    await store.pool.query('UPDATE "Card" SET value = $2 WHERE id = $1', [cardId, Buffer.of(9)]);
    const [person] = await store.prisma.person.findMany({ include: { cards: true } });
    expect(person?.name).toBe(secret);
    const of = (cards: Iterable<{ id: string }> = []) => new Map([...cards].map((c) => [c.id, c]));
    expect(of(person?.cards).get(id)).toMatchObject(other);
    expect(of(person?.cards).get(cardId)).toHaveProperty('type', 'MRN');
    const [damaged] = person?.cards.filter((card) => card.id === cardId) ?? [];
    expect(faultIn(damaged ?? {}, 'type')).toBeUndefined();
    expect(faultIn(damaged ?? {}, 'value')?.code).toBe('SEAL_VERSION_UNKNOWN');
    expect(faultOf(() => ({ ...damaged }))).toMatchObject({ code: 'SEAL_VERSION_UNKNOWN' });
  });

  it('are written over by whoever knows the value', async () => {
    await store.pool.query('UPDATE "Card" SET value = $1', [Buffer.of(9)]);
    const data = { value: 'c3', type: 'MRN' };
    await store.prisma.card.update({ where: { id: cardId, personId }, data });
    expect(await store.prisma.card.findFirst({ where: { id: cardId } })).toMatchObject(data);
  });
});
