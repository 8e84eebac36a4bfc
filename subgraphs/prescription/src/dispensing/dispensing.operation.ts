import { z } from 'zod';
import {
  defineOperation,
  problem,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
  type Problem,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { facilityDay, toCivilDay } from '../facility-day.ts';
import { markFields } from '../field-versions.ts';
import { keptForReview, reachesPatient } from '../patient/index.ts';
import {
  allowsStep,
  lockPrescription,
  stateAfterDispensing,
  stateOn,
  writePrescription,
  type LockedPrescription,
} from '../prescription/index.ts';
import { bookLine, lockBatch, type StockBatchRecord } from '../stock/index.ts';
import { insertDispensing } from './dispensing.store.ts';

const dispensePrescriptionInput = z.object({
  id: z.string(),
  prescriptionId: z.string(),
  itemId: z.string(),
  batchId: z.string(),
  quantity: z.int().min(1).max(10_000),
  alreadyHandedOut: z.boolean().default(false),
});

type Call = OperationCall<PrescriptionContext, StoreTx, z.infer<typeof dispensePrescriptionInput>>;

/** What is handed out, from where: both rows are locked until the transaction ends. */
interface Handout {
  readonly prescription: LockedPrescription;
  readonly item: LockedPrescription['items'][number];
  readonly batch: StockBatchRecord;
}

/**
 * Hands out one item. The prescription is locked before the batch, always in this order, so that
 * two counters never wait for each other.
 */
async function dispensePrescription(call: Call): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const prescription = await lockPrescription(tx, input.prescriptionId);
  if (prescription === undefined) return missing(call, 'prescriptionId');
  const { patientId } = prescription;
  if (!(await reachesPatient(tx, ctx.scope, patientId))) {
    return keptForReview('prescriptionId', patientId);
  }
  const item = prescription.items.find(({ id }) => id === input.itemId);
  if (item === undefined) return missing(call, 'itemId', patientId);
  const batch = await lockBatch(tx, ctx.scope, input.batchId);
  if (batch === undefined) return missing(call, 'batchId', patientId);
  if (batch.medicineCode !== item.medicineCode) {
    return missing(call, 'batchId', patientId, 'INPUT_INVALID');
  }
  const handout = { prescription, item, batch };
  const found = objections(call, handout);
  const [first, ...rest] = found.map((one) => one.problem);
  if (first !== undefined && (!input.alreadyHandedOut || found.some(({ grave }) => grave))) {
    const verdict = input.alreadyHandedOut ? 'QUARANTINED' : 'REJECTED';
    return { verdict, problems: [first, ...rest], patientId };
  }
  const warned = found.map((one) => problem('SAFETY_WARNING', one.problem.field));
  return handOut(call, handout, warned);
}

/** A fact that names what is not here or does not fit is kept for a supervisor; a wish is refused. */
function missing(
  { input }: Call,
  field: string,
  patientId?: string,
  code: 'NOT_FOUND' | 'INPUT_INVALID' = 'NOT_FOUND',
): Outcome {
  const whose = patientId === undefined ? {} : { patientId };
  if (!input.alreadyHandedOut) return { ...rejected(code, field), ...whose };
  const problems = [problem('REFERENCE_NOT_FOUND', field)] as const;
  return { verdict: 'QUARANTINED', problems, ...whose };
}

interface Objection {
  readonly problem: Problem;
  /** Whether a handout that happened already needs a supervisor; else its record only lagged. */
  readonly grave: boolean;
}

/**
 * Why a pharmacist must not hand this out now. Threat: by claiming that it happened already, any
 * counter hands out drafts, cancelled orders, and as much as it likes.
 */
function objections(
  { ctx, input, stamp }: Call,
  { prescription, item, batch }: Handout,
): Objection[] {
  // What happened already is judged by the day on which it happened.
  const day = facilityDay(input.alreadyHandedOut ? stamp.recordedAt : ctx.clock.now());
  const found: Objection[] = [];
  const object = (code: Problem['code'], field: string, grave: boolean) =>
    found.push({ problem: problem(code, field), grave });
  // Nobody checked the doses of another system's history, so it is prescribed anew first.
  if (prescription.imported || !allowsStep(stateOn(prescription, day), 'DISPENSE')) {
    object('STATE_REFUSED', 'prescriptionId', !wasOpen(prescription, stamp.recordedAt));
  }
  if (toCivilDay(batch.expiresOn) < day) object('STOCK_EXPIRED', 'batchId', false);
  const total = item.dispensedQuantity + input.quantity;
  if (item.quantity !== null && total > item.quantity) {
    object('DOSE_REFUSED', 'quantity', true);
  }
  if (batch.onHand < input.quantity) object('STOCK_INSUFFICIENT', 'quantity', false);
  return found;
}

/** Tells whether something could be handed out then, were it not for the last day. */
function wasOpen(
  { imported, issuedAt, cancelledAt }: LockedPrescription,
  recordedAt: Date,
): boolean {
  if (imported || issuedAt === null) return false;
  return cancelledAt === null || cancelledAt > recordedAt;
}

async function handOut(call: Call, handout: Handout, warned: Problem[]): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { prescription, item, batch } = handout;
  const shortfall = Math.max(0, input.quantity - batch.onHand);
  await insertDispensing(
    tx,
    {
      id: input.id,
      prescriptionId: prescription.id,
      itemId: item.id,
      patientId: prescription.patientId,
      batchId: batch.id,
      institutionId: batch.institutionId,
      quantity: input.quantity,
      shortfall,
    },
    stamp,
  );
  if (shortfall > 0) {
    // The units were there, or nobody could have handed them out: the books were wrong.
    const reason = 'HANDED_OUT_BEYOND_BOOKS';
    const line = { id: ctx.ids.next(), kind: 'ADJUSTED', quantity: shortfall, reason } as const;
    await bookLine(tx, batch.id, line, stamp);
  }
  const taken = { id: ctx.ids.next(), kind: 'DISPENSED', quantity: -input.quantity } as const;
  const line = { ...taken, dispensingId: input.id };
  const batchVersion = await bookLine(tx, batch.id, line, stamp);
  if (batchVersion === undefined) {
    const { patientId } = prescription;
    return { ...rejected('STOCK_INSUFFICIENT', 'quantity'), patientId };
  }
  const version = await countOn(call, handout);
  return dispensedOutcome(call, handout, { version, batchVersion }, warned);
}

/** Moves the prescription on, unless it was closed before this came to be known. */
async function countOn({ tx, input, stamp }: Call, handout: Handout): Promise<number> {
  const { prescription, item } = handout;
  const version = prescription.version + 1;
  const items = prescription.items.map((one) =>
    one.id === item.id
      ? { ...one, dispensedQuantity: one.dispensedQuantity + input.quantity }
      : one,
  );
  const open = ['ISSUED', 'PARTIALLY_DISPENSED'].includes(prescription.state);
  await writePrescription(tx, prescription, {
    ...(open ? { state: stateAfterDispensing(items) } : {}),
    version,
    fieldVersions: markFields(prescription.fieldVersions, ['state'], version, stamp),
  });
  return version;
}

function dispensedOutcome(
  { input }: Call,
  { prescription, batch }: Handout,
  { version, batchVersion }: { version: number; batchVersion: number },
  problems: readonly Problem[],
): Outcome {
  const { id, patientId, patient } = prescription;
  const place = { areaBefore: patient.areaId, areaAfter: patient.areaId };
  return {
    verdict: 'APPLIED',
    entityId: input.id,
    version: 1,
    problems,
    changes: [
      { typename: 'Dispensing', entityId: input.id, version: 1, areaAfter: patient.areaId },
      { typename: 'Prescription', entityId: id, version, ...place },
      { typename: 'StockBatch', entityId: batch.id, version: batchVersion },
    ],
    patientId,
  };
}

export const dispensingOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  defineOperation({
    name: 'dispensePrescription',
    input: dispensePrescriptionInput,
    run: dispensePrescription,
  }),
];
