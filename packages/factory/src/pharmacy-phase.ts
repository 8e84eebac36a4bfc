import { addDays } from '@caregraph/guideline';
import type { District, Span } from './district.ts';
import { idAt, instantOn } from './event-time.ts';
import { createFamily } from './family.ts';
import type { DistrictOperation } from './operation-input.ts';
import { prescriptionsOf, soonAfter, type PlannedPrescription } from './prescribing.ts';
import type { Random } from './random.ts';
import type { Recorder } from './record-operation.ts';
import { stockedMedicines } from './remedy.ts';
import type { StaffMember } from './staff.ts';

/** A batch on a pharmacy's shelf. */
interface Batch {
  readonly id: string;
  readonly medicineCode: string;
  readonly batchNumber: string;
  readonly quantity: number;
  readonly expiresOn: string;
}

/** What pharmacies received before anyone was registered: plenty, and a little that expired. */
export function* stockPhase(district: District, recorder: Recorder): Generator<DistrictOperation> {
  const { staff, foundedOn } = district;
  const random = district.random.fork('stock');
  const at = instantOn(addDays(foundedOn, 30), 240);
  for (const medicineCode of stockedMedicines) {
    const by = staff.institutionAdmin;
    const entry = { id: idAt(at, random), institutionId: by.institutionId, medicineCode };
    yield recorder.record(
      'supply',
      'prescription',
      { by, at, random },
      { setFormularyEntry: entry },
    );
  }
  for (const by of [staff.hospitalPharmacist, staff.townPharmacist]) {
    for (const { id: batchId, ...batch } of [...openBatches(district, by), expired(district, by)]) {
      const receiveStock = { batchId, ...batch };
      yield recorder.record('supply', 'prescription', { by, at, random }, { receiveStock });
    }
    const { id: batchId, expiresOn, quantity } = expired(district, by);
    const after = { by, at: instantOn(addDays(expiresOn, 2), 200), random };
    const discardStock = { batchId, quantity, reason: 'EXPIRED' } as const;
    yield recorder.record('supply', 'prescription', after, { discardStock });
  }
}

/** One batch of each medicine for every thousand households. */
function openBatches(district: District, by: StaffMember): Batch[] {
  return Array.from({ length: batchCount(district) }, (_, number) =>
    stockedMedicines.map((code) => batchOf(district, by, code, number)),
  ).flat();
}

function batchCount({ households }: District): number {
  return Math.ceil(households / 1_000);
}

/** The same batch with each call, so that nothing is kept between two passes. */
function batchOf(district: District, by: StaffMember, medicineCode: string, number: number): Batch {
  const random = district.random.fork(`batch ${by.key} ${medicineCode} ${number}`);
  const receivedAt = instantOn(addDays(district.foundedOn, 30), 240);
  return {
    ...{ id: idAt(receivedAt, random), medicineCode },
    batchNumber: `${medicineCode.slice(0, 3)}${random.int(1_000, 9_999)}${number}`,
    quantity: Math.min(60_000, 2_000 + 100 * district.households),
    // Some of it soon, so that a list of what expires next is not empty.
    expiresOn: addDays(district.today, random.pick([25, 60, 120, 300, 400])),
  };
}

function expired(district: District, by: StaffMember): Batch {
  const [medicineCode = ''] = stockedMedicines;
  const batch = batchOf(district, by, medicineCode, -1);
  return { ...batch, quantity: 40, expiresOn: addDays(district.today, -30) };
}

/** What is handed out and what is taken back. */
export function* dispensingPhase(
  district: District,
  span: Span,
  recorder: Recorder,
): Generator<DistrictOperation> {
  for (let index = span.from; index < span.to; index += 1) {
    const family = createFamily(district, index);
    const random = district.random.fork(`dispensing ${index}`);
    for (const prescription of prescriptionsOf(district, family)) {
      yield* settlePrescription(district, index, prescription, random, recorder);
    }
  }
}

function* settlePrescription(
  district: District,
  household: number,
  prescription: PlannedPrescription,
  random: Random,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const { id: prescriptionId, fate, items, prescriber } = prescription;
  const at = soonAfter(prescription, random);
  if (fate === 'LEFT') return;
  if (fate === 'CANCELLED') {
    const cancelPrescription = { prescriptionId, reason: 'Replaced by other advice' };
    yield recorder.record('dispensing', 'prescription', { by: prescriber, at, random }, {
      cancelPrescription,
    }); // prettier-ignore
    return;
  }
  const { hospitalPharmacist, townPharmacist } = district.staff;
  const by = random.chance(0.6) ? hospitalPharmacist : townPharmacist;
  const partly = fate === 'PARTIALLY_DISPENSED';
  for (const { id: itemId, medicineCode, quantity: asked } of partly ? items.slice(0, 1) : items) {
    const quantity = partly ? Math.max(1, Math.floor(asked / 2)) : asked;
    const { id: batchId } = batchOf(district, by, medicineCode, household % batchCount(district));
    const what = { id: idAt(at, random), prescriptionId, itemId, batchId, quantity };
    yield recorder.record('dispensing', 'prescription', { by, at, random }, {
      dispensePrescription: { ...what, alreadyHandedOut: true },
    }); // prettier-ignore
  }
}
