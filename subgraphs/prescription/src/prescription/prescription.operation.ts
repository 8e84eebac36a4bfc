import { defineOperation, rejected, type Operation, type Outcome } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { facilityDay } from '../facility-day.ts';
import { markFields } from '../field-versions.ts';
import { keptForReview, reachesPatient } from '../patient/index.ts';
import { draftOperations } from './draft.operation.ts';
import { issueOperation, steppedOutcome, type Call } from './issue.operation.ts';
import { cancelPrescriptionInput, type CancelInput } from './prescription.input.ts';
import { allowsStep, stateOn } from './prescription.state.ts';
import { lockPrescription, writePrescription } from './prescription-write.store.ts';

async function cancelPrescription(call: Call<CancelInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const found = await lockPrescription(tx, input.prescriptionId);
  if (found === undefined) return rejected('NOT_FOUND', 'prescriptionId');
  const { patientId } = found;
  if (!(await reachesPatient(tx, ctx.scope, patientId))) {
    return keptForReview('prescriptionId', patientId);
  }
  if (!allowsStep(stateOn(found, facilityDay(ctx.clock.now())), 'CANCEL')) {
    return { ...rejected('STATE_REFUSED', 'prescriptionId'), patientId };
  }
  const version = found.version + 1;
  await writePrescription(tx, found, {
    state: 'CANCELLED',
    cancelledAt: stamp.recordedAt,
    cancelReason: input.reason,
    version,
    fieldVersions: markFields(found.fieldVersions, ['state'], version, stamp),
  });
  return steppedOutcome(found, version);
}

export const prescriptionOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  ...draftOperations,
  issueOperation,
  defineOperation({
    name: 'cancelPrescription',
    input: cancelPrescriptionInput,
    run: cancelPrescription,
  }),
];
