import { describe, expectTypeOf, it } from 'vitest';
import type {
  Prisma,
  PrismaClient,
  UnsealedPrismaClient,
} from './fixture/generated/prisma/client.ts';
import type { createSealedClient, SealedClient } from './fixture/generated/sealed-fields.ts';

type Person = Prisma.PersonGetPayload<{ include: { cards: true } }>;

/** Never called: the compiler is the test. */
export async function stores(prisma: SealedClient, bare: UnsealedPrismaClient) {
  const where = { id: 'x' };
  const data = { id: 'x', areaId: 'y', name: 'Rehana' };
  await prisma.person.create({ data });
  await prisma.person.create({ data: { ...data, phone: null, bornAt: new Date(0) } });
  await prisma.person.findMany({ where: { nameTokens: { hasEvery: ['t'] } } });
  // @ts-expect-error bytes are not a name
  await prisma.person.create({ data: { ...data, name: new Uint8Array() } });
  // @ts-expect-error tokens are written by the sealing alone
  await prisma.person.create({ data: { ...data, nameTokens: ['t'] } });
  // @ts-expect-error a sealed field cannot be filtered
  await prisma.person.findMany({ where: { name: 'Rehana' } });
  // @ts-expect-error nor in a relation
  await prisma.stamp.findMany({ where: { card: { value: 'x' } } });
  // @ts-expect-error nor sorted
  await prisma.person.findMany({ orderBy: { name: 'asc' } });
  // @ts-expect-error nor made distinct
  await prisma.person.findMany({ distinct: ['name'] });
  // @ts-expect-error nor written for many rows at once
  await prisma.person.updateMany({ data: { name: 'Rehana' } });
  // @ts-expect-error nor aggregated
  await prisma.person.aggregate({ _max: { name: true } });
  // @ts-expect-error tokens are not read
  await prisma.person.findUnique({ where, select: { nameTokens: true } });
  // @ts-expect-error a bare client has no models
  await bare.person.findMany();
  await prisma.$transaction(async (tx) => {
    expectTypeOf(tx).toExtend<Prisma.TransactionClient>();
    return tx.person.count();
  });
}

describe('the types that a store sees', () => {
  it('are plain values', () => {
    expectTypeOf<Person['name']>().toEqualTypeOf<string>();
    expectTypeOf<Person['phone']>().toEqualTypeOf<string | null>();
    expectTypeOf<Person['bornAt']>().toEqualTypeOf<Date | null>();
    expectTypeOf<Person['aliases']>().toEqualTypeOf<string[] | null>();
    expectTypeOf<Person['cards'][number]['value']>().toEqualTypeOf<string>();
    expectTypeOf<Person>().not.toHaveProperty('nameTokens');
    expectTypeOf<SealedClient>().toExtend<Prisma.TransactionClient>();
    expectTypeOf<PrismaClient>().toExtend<SealedClient>();
    expectTypeOf<Parameters<typeof createSealedClient>[0]>().toEqualTypeOf<UnsealedPrismaClient>();
  });
});
