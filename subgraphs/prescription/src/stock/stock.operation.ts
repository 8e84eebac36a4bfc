import { z } from 'zod';
import {
  defineOperation,
  firstFieldVersions,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { facilityDay } from '../facility-day.ts';
import { bookLine, type LedgerLine } from './stock-ledger.store.ts';
import { ensureBatch, isKnownMedicine, lockBatch } from './stock.store.ts';

/** A delivery of a hundred thousand units is a slip of the finger in a district's pharmacy. */
const quantity = z.int().min(1).max(100_000);

const receiveStockInput = z.object({
  batchId: z.string(),
  medicineCode: z.string().min(1).max(80),
  batchNumber: z.string().trim().min(1).max(40),
  expiresOn: z.string(),
  quantity,
});

const adjustStockInput = z.object({
  batchId: z.string(),
  change: z
    .int()
    .min(-100_000)
    .max(100_000)
    .refine((change) => change !== 0),
  reason: z.enum(['COUNTED', 'ENTRY_ERROR', 'LOST']),
});

const discardStockInput = z.object({
  batchId: z.string(),
  quantity,
  reason: z.enum(['EXPIRED', 'DAMAGED', 'LOST', 'RECALLED']),
});

type Call<TInput> = OperationCall<PrescriptionContext, StoreTx, TInput>;

async function receiveStock(call: Call<z.infer<typeof receiveStockInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  // Late entries of an old delivery are judged by the day on which it came.
  if (input.expiresOn < facilityDay(stamp.recordedAt))
    return rejected('STOCK_EXPIRED', 'expiresOn');
  if (!(await isKnownMedicine(tx, input.medicineCode))) {
    return rejected('REFERENCE_NOT_FOUND', 'medicineCode');
  }
  const { batchId, quantity: received, ...named } = input;
  const key = { ...named, institutionId: ctx.scope.institutionId };
  const id = await ensureBatch(tx, batchId, key, firstFieldVersions(['onHand'], stamp), stamp);
  return book(call, id, { kind: 'RECEIVED', quantity: received });
}

async function adjustStock(call: Call<z.infer<typeof adjustStockInput>>): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const batch = await lockBatch(tx, ctx.scope, input.batchId);
  if (batch === undefined) return rejected('NOT_FOUND', 'batchId');
  const line = { kind: 'ADJUSTED', quantity: input.change, reason: input.reason } as const;
  return book(call, batch.id, line, 'change');
}

async function discardStock(call: Call<z.infer<typeof discardStockInput>>): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const batch = await lockBatch(tx, ctx.scope, input.batchId);
  if (batch === undefined) return rejected('NOT_FOUND', 'batchId');
  const line = { kind: 'DISCARDED', quantity: -input.quantity, reason: input.reason } as const;
  return book(call, batch.id, line);
}

async function book(
  { ctx, tx, stamp }: Pick<Call<unknown>, 'ctx' | 'tx' | 'stamp'>,
  batchId: string,
  line: Omit<LedgerLine, 'id'>,
  field = 'quantity',
): Promise<Outcome> {
  const version = await bookLine(tx, batchId, { id: ctx.ids.next(), ...line }, stamp);
  if (version === undefined) return rejected('STOCK_INSUFFICIENT', field);
  const changes = [{ typename: 'StockBatch', entityId: batchId, version }];
  return { verdict: 'APPLIED', entityId: batchId, version, changes };
}

export const stockOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  defineOperation({ name: 'receiveStock', input: receiveStockInput, run: receiveStock }),
  defineOperation({ name: 'adjustStock', input: adjustStockInput, run: adjustStock }),
  defineOperation({ name: 'discardStock', input: discardStockInput, run: discardStock }),
];
