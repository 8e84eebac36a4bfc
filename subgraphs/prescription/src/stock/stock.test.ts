import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amoxicillin, openTestPharmacy, type TestPharmacy } from '../test-pharmacy.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

const shown = 'stockBatch { id onHand version batchNumber expiresOn }';

test('a delivery of a known batch makes it grow; corrections and discards are booked', async () => {
  const token = graph.pharmacist;
  const batchId = await graph.stocked(20, { batchNumber: 'LOT-7' });
  const again = { medicineCode: amoxicillin, batchNumber: 'LOT-7', expiresOn: graph.day(300) };
  const grown = await graph.write(
    'receiveStock',
    { ...again, batchId: graph.ids.next(), quantity: 5 },
    { token, select: shown },
  );
  expect(grown).toMatchObject({ stockBatch: { id: batchId, onHand: 25, version: 2 } });
  const counted = { batchId, change: -3, reason: 'COUNTED' };
  expect(await graph.write('adjustStock', counted, { token, select: shown })).toMatchObject({
    verdict: 'APPLIED',
    stockBatch: { onHand: 22 },
  });
  const broken = { batchId, quantity: 2, reason: 'DAMAGED' };
  await graph.write('discardStock', broken, { token });
  const answer = await graph.ask(
    token,
    `query ($id: UUID!) { stockBatch(id: $id) { onHand medicine { code }
       movements(first: 3) { pageInfo { hasNextPage }
         edges { node { kind quantity balanceAfter reason } } } } }`,
    { id: batchId },
  );
  expect(answer.data?.['stockBatch']).toEqual({
    onHand: 20,
    medicine: { code: amoxicillin },
    movements: {
      pageInfo: { hasNextPage: true },
      edges: [
        { node: { kind: 'DISCARDED', quantity: -2, balanceAfter: 20, reason: 'DAMAGED' } },
        { node: { kind: 'ADJUSTED', quantity: -3, balanceAfter: 22, reason: 'COUNTED' } },
        { node: { kind: 'RECEIVED', quantity: 5, balanceAfter: 25, reason: null } },
      ],
    },
  });
});

test('stock never goes below zero, and what makes no sense is refused', async () => {
  const token = graph.pharmacist;
  const batchId = await graph.stocked(5);
  const problems = async (name: string, input: Record<string, unknown>) => {
    const receipt = await graph.write(name, input, { token });
    return [receipt.verdict, ...receipt.problems.map(({ code, field }) => `${code} ${field}`)];
  };
  expect(await problems('adjustStock', { batchId, change: -6, reason: 'COUNTED' })).toEqual([
    'REJECTED',
    'STOCK_INSUFFICIENT change',
  ]);
  expect(await problems('discardStock', { batchId, quantity: 6, reason: 'EXPIRED' })).toEqual([
    'REJECTED',
    'STOCK_INSUFFICIENT quantity',
  ]);
  expect(await problems('adjustStock', { batchId, change: 0, reason: 'COUNTED' })).toEqual([
    'REJECTED',
    'INPUT_INVALID change',
  ]);
  expect(await problems('adjustStock', { batchId, change: 1, reason: 'RECALLED' })).toEqual([
    'REJECTED',
    'INPUT_INVALID reason',
  ]);
  const delivery = { batchId: graph.ids.next(), batchNumber: 'X', quantity: 1 };
  const past = { ...delivery, medicineCode: amoxicillin, expiresOn: graph.day(-1) };
  expect(await problems('receiveStock', past)).toEqual(['REJECTED', 'STOCK_EXPIRED expiresOn']);
  const unknown = { ...delivery, medicineCode: 'NO-SUCH', expiresOn: graph.day(9) };
  expect(await problems('receiveStock', unknown)).toEqual([
    'REJECTED',
    'REFERENCE_NOT_FOUND medicineCode',
  ]);
});

test('the database refuses a ledger that does not add up, and changes of its lines', async () => {
  const batchId = await graph.stocked(5);
  const refused = (sql: string) => expect(graph.pool.query(sql, [batchId])).rejects.toThrow();
  await refused('UPDATE stock_batch SET on_hand = -1 WHERE id = $1');
  await refused('UPDATE stock_movement SET quantity = 6 WHERE batch_id = $1');
  await refused('DELETE FROM stock_movement WHERE batch_id = $1');
  const insert = (sequence: number, quantity: number, balance: number) =>
    refused(`INSERT INTO stock_movement SELECT gen_random_uuid(), batch_id, ${sequence}, kind,
      ${quantity}, ${balance}, reason, dispensing_id, author_id, recorded_at, received_at
      FROM stock_movement WHERE batch_id = $1`);
  await insert(2, 1, 7);
  await insert(3, 1, 6);
  await insert(1, 5, 5);
});

test('whatever is booked in whatever order at once, the ledger sums up to what is on hand', async () => {
  const step = fc.oneof(
    fc.record({ name: fc.constant('receive' as const), amount: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ name: fc.constant('adjust' as const), amount: fc.integer({ min: -9, max: -1 }) }),
    fc.record({ name: fc.constant('discard' as const), amount: fc.integer({ min: 1, max: 9 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const batchNumber = `P-${graph.ids.next()}`.slice(0, 40);
      const batchId = await graph.stocked(3, { batchNumber });
      const key = { medicineCode: amoxicillin, batchNumber, expiresOn: graph.day(300) };
      const receipts = await Promise.all(
        steps.map(({ name, amount }) => {
          const token = graph.pharmacist;
          const change = { batchId, change: amount, reason: 'COUNTED' };
          if (name === 'adjust') return graph.write('adjustStock', change, { token });
          const thrown = { batchId, quantity: amount, reason: 'LOST' };
          if (name === 'discard') return graph.write('discardStock', thrown, { token });
          const delivery = { ...key, batchId: graph.ids.next(), quantity: amount };
          return graph.write('receiveStock', delivery, { token });
        }),
      );
      const booked = steps
        .filter((_step, index) => receipts[index]?.verdict === 'APPLIED')
        .reduce((sum, { name, amount }) => sum + (name === 'discard' ? -amount : amount), 3);
      const { rows } = await graph.pool.query(
        `SELECT on_hand, version, (SELECT sum(quantity)::int FROM stock_movement
           WHERE batch_id = stock_batch.id) AS total,
           (SELECT count(*)::int FROM stock_movement WHERE batch_id = stock_batch.id) AS lines
         FROM stock_batch WHERE id = $1`,
        [batchId],
      );
      const lines = 1 + receipts.filter(({ verdict }) => verdict === 'APPLIED').length;
      expect(rows).toEqual([{ on_hand: booked, total: booked, version: lines, lines }]);
    }),
    { numRuns: 12 },
  );
});

test('stock is seen by those who work at its institution', async () => {
  const batchId = await graph.stocked(5);
  const query = `query ($id: UUID!, $clinic: UUID!) { stockBatch(id: $id) { onHand }
    stock(first: 200) { edges { node { id } } }
    _entities(representations: [{ __typename: "Institution", id: $clinic }]) {
      ... on Institution { stock { edges { node { id } } } } } }`;
  const clinic = graph.clinic;
  const seen = await graph.ask(graph.clinician, query, { id: batchId, clinic });
  expect(JSON.stringify(seen.data)).toContain(batchId);
  const other = await graph.ask(graph.otherPharmacist, query, { id: batchId, clinic });
  expect(other).toMatchObject({
    errors: [],
    data: { stockBatch: null, stock: { edges: [] }, _entities: [{ stock: null }] },
  });
  const partner = await graph.token({ roles: ['partner'], institutionId: clinic });
  const denied = await graph.ask(partner, query, { id: batchId, clinic });
  expect(new Set(denied.errors.map(({ extensions }) => extensions.code))).toEqual(
    new Set(['FORBIDDEN']),
  );
});

test('the list goes by expiry, takes filters, and is stable while stock comes in', async () => {
  const clinic = graph.ids.next();
  const token = await graph.token({ roles: ['pharmacist'], institutionId: clinic });
  const receive = (expiresOn: string, medicineCode = amoxicillin) => {
    const batchId = graph.ids.next();
    const input = { batchId, medicineCode, batchNumber: batchId, expiresOn, quantity: 1 };
    return graph.write('receiveStock', input, { token });
  };
  for (const days of [40, 10, 30, 20]) await receive(graph.day(days));
  const list = async (args: string) => {
    const query = `{ stock(${args}) { edges { cursor node { expiresOn } } } }`;
    const answer = await graph.ask(token, query);
    expect(answer.errors).toEqual([]);
    const { edges } = answer.data?.['stock'] as {
      edges: { cursor: string; node: { expiresOn: string } }[];
    };
    return { days: edges.map(({ node }) => node.expiresOn), last: edges.at(-1)?.cursor };
  };
  const first = await list('first: 2');
  expect(first.days).toEqual([graph.day(10), graph.day(20)]);
  await receive(graph.day(5));
  await receive(graph.day(25));
  const second = await list(`first: 2, after: "${first.last}"`);
  expect(second.days).toEqual([graph.day(25), graph.day(30)]);
  expect((await list(`expiringBefore: "${graph.day(11)}"`)).days).toHaveLength(2);
  expect((await list('medicineCode: "N02BE01-TAB-500MG"')).days).toEqual([]);
  const foreign = await graph.ask(
    token,
    `{ stock(includeEmpty: true, after: "${first.last}") {
    edges { cursor } } }`,
  );
  expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
});

test('ledgers of many batches cost as many statements as that of one', async () => {
  const clinic = graph.ids.next();
  const token = await graph.token({ roles: ['pharmacist'], institutionId: clinic });
  for (let index = 0; index < 20; index += 1) {
    const batchId = graph.ids.next();
    const key = { medicineCode: amoxicillin, batchNumber: batchId, expiresOn: graph.day(90) };
    await graph.write('receiveStock', { batchId, ...key, quantity: 1 }, { token });
  }
  const query = `query ($first: Int!) { stock(first: $first) { edges { node { medicine { name }
    movements(first: 5) { edges { node { kind } } } } } } }`;
  const one = await graph.reads(token, query, { first: 1 });
  expect(one).toBeGreaterThan(2);
  expect(await graph.reads(token, query, { first: 20 })).toBe(one);
});
