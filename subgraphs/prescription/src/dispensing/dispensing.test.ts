import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestPharmacy, type TestPharmacy, type WriteOptions } from '../test-pharmacy.ts';

let graph: TestPharmacy;

beforeAll(async () => {
  graph = await openTestPharmacy();
});
afterAll(() => graph.stop());

const shown = `dispensing { id quantity shortfall batchNumber batch { onHand }
  item { dispensedQuantity } prescription { state version } handedOutBy { id } }`;

function dispense(input: Record<string, unknown>, over: WriteOptions = {}) {
  const all = { id: graph.ids.next(), ...input };
  return graph.write('dispensePrescription', all, {
    token: graph.pharmacist,
    select: shown,
    ...over,
  });
}

async function ledger(batchId: string) {
  const { rows } = await graph.pool.query<{ on_hand: number; total: number; lines: string[] }>(
    `SELECT batch.on_hand, sum(line.quantity)::int AS total,
       array_agg(line.kind || ' ' || line.quantity ORDER BY line.sequence) AS lines
     FROM stock_batch batch JOIN stock_movement line ON line.batch_id = batch.id
     WHERE batch.id = $1 GROUP BY batch.id`,
    [batchId],
  );
  return rows[0];
}

test('dispensing takes from the batch and moves the prescription on until it is complete', async () => {
  const { id: prescriptionId, itemId, patientId } = await graph.prescribed();
  const batchId = await graph.stocked(100);
  const part = await dispense({ prescriptionId, itemId, batchId, quantity: 10 });
  expect(part).toMatchObject({
    verdict: 'APPLIED',
    problems: [],
    dispensing: {
      quantity: 10,
      shortfall: 0,
      batch: { onHand: 90 },
      item: { dispensedQuantity: 10 },
      prescription: { state: 'PARTIALLY_DISPENSED', version: 2 },
    },
  });
  const rest = await dispense({ prescriptionId, itemId, batchId, quantity: 20 });
  expect(rest).toMatchObject({ dispensing: { prescription: { state: 'DISPENSED' } } });
  expect(await ledger(batchId)).toEqual({
    on_hand: 70,
    total: 70,
    lines: ['RECEIVED 100', 'DISPENSED -10', 'DISPENSED -20'],
  });
  const writes = (await graph.accesses(patientId)).filter(({ action }) => action === 'WRITE');
  expect(writes.map(({ operation, outcome }) => [operation, outcome])).toEqual([
    ['issuePrescription', 'APPLIED'],
    ['dispensePrescription', 'APPLIED'],
    ['dispensePrescription', 'APPLIED'],
  ]);
});

test('fifty counters at once never hand out what is not there', async () => {
  const batchId = await graph.stocked(10);
  const patientId = await graph.patient();
  const orders = await Promise.all(
    Array.from({ length: 50 }, () => graph.prescribed({ patientId }, { quantity: 1 })),
  );
  const receipts = await Promise.all(
    orders.map(({ id, itemId }) =>
      dispense({ prescriptionId: id, itemId, batchId, quantity: 1 }, { select: '' }),
    ),
  );
  const applied = receipts.filter(({ verdict }) => verdict === 'APPLIED');
  const refused = receipts.filter(({ verdict }) => verdict === 'REJECTED');
  expect([applied.length, refused.length]).toEqual([10, 40]);
  expect(new Set(refused.flatMap(({ problems }) => problems.map(({ code }) => code)))).toEqual(
    new Set(['STOCK_INSUFFICIENT']),
  );
  expect(await ledger(batchId)).toMatchObject({ on_hand: 0, total: 0 });
});

test('twenty counters at once never hand out more of one item than was prescribed', async () => {
  const batchId = await graph.stocked(100);
  const { id: prescriptionId, itemId } = await graph.prescribed({}, { quantity: 5 });
  const receipts = await Promise.all(
    Array.from({ length: 20 }, () =>
      dispense({ prescriptionId, itemId, batchId, quantity: 1 }, { select: '' }),
    ),
  );
  expect(receipts.filter(({ verdict }) => verdict === 'APPLIED')).toHaveLength(5);
  expect(await ledger(batchId)).toMatchObject({ on_hand: 95, total: 95 });
});

test('what must not be handed out is refused with its reason, and changes nothing', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const fresh = await graph.stocked(5);
  const old = await graph.stocked(50);
  const yesterday = graph.day(-1);
  await graph.pool.query('UPDATE stock_batch SET expires_on = $2 WHERE id = $1', [old, yesterday]);
  const other = await graph.stocked(50, { medicineCode: 'N02BE01-TAB-500MG' });
  const order = { prescriptionId, itemId };
  const codes = async (input: Record<string, unknown>, over?: WriteOptions) => {
    const { verdict, problems } = await dispense({ ...order, ...input }, over);
    return [verdict, ...problems.map(({ code, field }) => `${code} ${String(field)}`)];
  };
  expect(await codes({ batchId: old, quantity: 1 })).toEqual(['REJECTED', 'STOCK_EXPIRED batchId']);
  expect(await codes({ batchId: fresh, quantity: 6 })).toEqual([
    'REJECTED',
    'STOCK_INSUFFICIENT quantity',
  ]);
  expect(await codes({ batchId: fresh, quantity: 31 })).toEqual([
    'REJECTED',
    'DOSE_REFUSED quantity',
    'STOCK_INSUFFICIENT quantity',
  ]);
  expect(await codes({ batchId: other, quantity: 1 })).toEqual([
    'REJECTED',
    'INPUT_INVALID batchId',
  ]);
  expect(await codes({ batchId: fresh, quantity: 0 })).toEqual([
    'REJECTED',
    'INPUT_INVALID quantity',
  ]);
  expect(await codes({ batchId: graph.ids.next(), quantity: 1 })).toEqual([
    'REJECTED',
    'NOT_FOUND batchId',
  ]);
  // A pharmacist of another institution does not reach into this one's shelf.
  expect(await codes({ batchId: fresh, quantity: 1 }, { token: graph.otherPharmacist })).toEqual([
    'REJECTED',
    'NOT_FOUND batchId',
  ]);
  expect(await ledger(fresh)).toMatchObject({ on_hand: 5, lines: ['RECEIVED 5'] });
});

test('a cancelled or expired prescription is not dispensed', async () => {
  const batchId = await graph.stocked(50);
  const cancelled = await graph.prescribed();
  await graph.write('cancelPrescription', { prescriptionId: cancelled.id, reason: 'Wrong person' });
  const expired = await graph.prescribed();
  await graph.pool.query('UPDATE prescription SET valid_until = $2 WHERE id = $1', [
    expired.id,
    graph.day(-1),
  ]);
  for (const { id, itemId } of [cancelled, expired]) {
    const receipt = await dispense({ prescriptionId: id, itemId, batchId, quantity: 1 });
    expect(receipt).toMatchObject({
      verdict: 'REJECTED',
      problems: [{ code: 'STATE_REFUSED', field: 'prescriptionId' }],
    });
  }
});

test('what was handed out without network is never lost: the books are corrected', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const batchId = await graph.stocked(4);
  const operation = graph.operation({ recordedAt: '2026-01-05T06:00:00.000Z' });
  await graph.pool.query(`UPDATE prescription SET valid_until = '2026-12-31' WHERE id = $1`, [
    prescriptionId,
  ]);
  const input = { prescriptionId, itemId, batchId, quantity: 10, alreadyHandedOut: true };
  const receipt = await dispense(input, { operation });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'quantity' }],
    dispensing: { shortfall: 6, batch: { onHand: 0 } },
  });
  expect(await ledger(batchId)).toEqual({
    on_hand: 0,
    total: 0,
    lines: ['RECEIVED 4', 'ADJUSTED 6', 'DISPENSED -10'],
  });
  const unknown = { ...input, batchId: graph.ids.next() };
  expect(await dispense(unknown)).toMatchObject({
    verdict: 'QUARANTINED',
    problems: [{ code: 'REFERENCE_NOT_FOUND', field: 'batchId' }],
  });
  const other = await graph.stocked(50, { medicineCode: 'N02BE01-TAB-500MG' });
  expect(await dispense({ ...input, batchId: other })).toMatchObject({ verdict: 'QUARANTINED' });
  const { rows } = await graph.pool.query(
    `SELECT count(*)::int AS kept FROM operation_record
     WHERE verdict = 'QUARANTINED' AND sealed_payload IS NOT NULL`,
  );
  expect(rows).toEqual([{ kept: 2 }]);
});

test('a claim that it happened already opens no draft, no cancelled order and no larger amount', async () => {
  const batchId = await graph.stocked(100);
  const handedOut = { batchId, quantity: 1, alreadyHandedOut: true };
  const draft = { id: graph.ids.next(), item: graph.item() };
  await graph.write('draftPrescription', {
    id: draft.id,
    patientId: await graph.patient(),
    items: [draft.item],
  });
  const cancelled = await graph.prescribed();
  const open = await graph.prescribed({}, { quantity: 5 });
  const before = graph.operation();
  const cancel = { prescriptionId: cancelled.id, reason: 'Wrong person' };
  const recordedAt = new Date(Date.parse(String(before['recordedAt'])) + 1_000).toISOString();
  await graph.write('cancelPrescription', cancel, { operation: graph.operation({ recordedAt }) });
  const after = graph.operation({ recordedAt });
  const asked = [
    [{ prescriptionId: draft.id, itemId: draft.item.id }, 'STATE_REFUSED', 'prescriptionId'],
    [
      { prescriptionId: cancelled.id, itemId: cancelled.itemId },
      'STATE_REFUSED',
      'prescriptionId',
      after,
    ],
    [{ prescriptionId: open.id, itemId: open.itemId, quantity: 6 }, 'DOSE_REFUSED', 'quantity'],
  ] as const;
  for (const [input, code, field, operation = graph.operation()] of asked) {
    expect(await dispense({ ...handedOut, ...input }, { operation })).toMatchObject({
      verdict: 'QUARANTINED',
      problems: [{ code, field }],
      dispensing: null,
    });
  }
  expect(await ledger(batchId)).toMatchObject({ on_hand: 100, lines: ['RECEIVED 100'] });
  // It was not cancelled yet when it was handed out: nothing was wrong about that.
  const earlier = { ...handedOut, prescriptionId: cancelled.id, itemId: cancelled.itemId };
  expect(await dispense(earlier, { operation: before })).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'prescriptionId' }],
    dispensing: { prescription: { state: 'CANCELLED' } },
  });
  const whole = { ...handedOut, prescriptionId: open.id, itemId: open.itemId, quantity: 5 };
  expect(await dispense(whole)).toMatchObject({ verdict: 'APPLIED', problems: [] });
});

test('a batch or a prescription that is over is taken with a warning when it was handed out', async () => {
  const batchId = await graph.stocked(50);
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const input = { prescriptionId, itemId, batchId, quantity: 1, alreadyHandedOut: true };
  const yesterday = graph.day(-1);
  await graph.pool.query('UPDATE stock_batch SET expires_on = $2 WHERE id = $1', [
    batchId,
    yesterday,
  ]);
  await graph.pool.query('UPDATE prescription SET valid_until = $2 WHERE id = $1', [
    prescriptionId,
    yesterday,
  ]);
  expect(await dispense(input)).toMatchObject({
    verdict: 'APPLIED',
    problems: [
      { code: 'SAFETY_WARNING', field: 'prescriptionId' },
      { code: 'SAFETY_WARNING', field: 'batchId' },
    ],
    dispensing: { batch: { onHand: 49 }, item: { dispensedQuantity: 1 } },
  });
});

test('the same operation again hands out nothing more', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const batchId = await graph.stocked(10);
  const operation = graph.operation();
  const id = graph.ids.next();
  const input = { id, prescriptionId, itemId, batchId, quantity: 3 };
  expect(await dispense(input, { operation })).toMatchObject({ replayed: false });
  expect(await dispense(input, { operation })).toMatchObject({
    verdict: 'APPLIED',
    replayed: true,
  });
  expect(await ledger(batchId)).toMatchObject({ on_hand: 7 });
  const changed = { ...input, quantity: 4 };
  const reused = await graph.attempt('dispensePrescription', changed, {
    token: graph.pharmacist,
    operation,
  });
  expect(reused.errors[0]?.extensions.code).toBe('OPERATION_ID_REUSED');
});

test('only those who dispense may hand out', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const batchId = await graph.stocked(10);
  const input = { id: graph.ids.next(), prescriptionId, itemId, batchId, quantity: 1 };
  for (const token of [graph.clinician, graph.worker, graph.admin]) {
    const answer = await graph.attempt('dispensePrescription', input, { token });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  }
});

test('a handout about someone out of scope is kept for review', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const batchId = await graph.stocked(10);
  const stranger = await graph.token({ roles: ['pharmacist'] });
  const input = { prescriptionId, itemId, batchId, quantity: 1 };
  expect(await dispense(input, { token: stranger })).toMatchObject({
    verdict: 'QUARANTINED',
    dispensing: null,
  });
});

test('the books of the stock are for who sees the stock: a partner sees what was handed out', async () => {
  const { id: prescriptionId, itemId } = await graph.prescribed();
  const batchId = await graph.stocked(100);
  const id = graph.ids.next();
  await dispense({ id, prescriptionId, itemId, batchId, quantity: 10 });
  const query =
    'query ($id: UUID!) { dispensing(id: $id) { quantity batchNumber shortfall batch { id } } }';
  const worker = await graph.ask(graph.worker, query, { id });
  expect(worker.data).toMatchObject({ dispensing: { quantity: 10, shortfall: 0 } });
  expect(worker.errors).toEqual([]);
  const partner = await graph.token({ roles: ['partner'], institutionId: graph.clinic });
  const answer = await graph.ask(partner, query, { id });
  expect(answer.data).toMatchObject({ dispensing: { quantity: 10, shortfall: null, batch: null } });
  expect(answer.errors.map(({ extensions }) => extensions)).toMatchObject([
    { code: 'FORBIDDEN', coordinate: 'Dispensing.shortfall' },
    { code: 'FORBIDDEN', coordinate: 'Dispensing.batch' },
  ]);
});
