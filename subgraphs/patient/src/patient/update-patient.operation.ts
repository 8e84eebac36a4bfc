import { readFieldVersions, mergeFields, rejected, type Outcome } from '@caregraph/subgraph';
import { todayAt, toCivilDay } from '../civil-day.ts';
import { patientOperation, type PatientCall } from '../patient-operation.ts';
import { keptForReview, lockPatient, refuseUnreached, takesChanges } from '../reach/index.ts';
import { updatePatientInput, type UpdatePatient } from './patient.input.ts';
import { asksForWrite, mergedOutcome } from './patient-outcome.ts';
import { changesOf, dayInFuture, particularsOf, patientConflictRules } from './patient.service.ts';
import { writePatient } from './patient-write.store.ts';

/** Changes who someone is or how to reach them, field by field. */
export const updatePatient = patientOperation({
  name: 'updatePatient',
  input: updatePatientInput,
  run: update,
});

async function update({ ctx, tx, input, stamp }: PatientCall<UpdatePatient>): Promise<Outcome> {
  const { patientId, birthDate } = input;
  const locked = await lockPatient(tx, ctx.scope, patientId);
  if (locked.state !== 'REACHED') return refuseUnreached(locked, 'patientId', patientId);
  const before = locked.row;
  if (!takesChanges(before)) return keptForReview('patientId', patientId);
  const future = dayInFuture({ birthDate }, todayAt(stamp.receivedAt));
  if (future !== undefined) return rejected('DATE_IN_FUTURE', future);
  if (birthDate != null && before.deceasedOn && birthDate > toCivilDay(before.deceasedOn)) {
    return rejected('VALUE_IMPOSSIBLE', 'birthDate');
  }
  const values = particularsOf(before);
  const merge = mergeFields({
    current: {
      version: before.version,
      fieldVersions: readFieldVersions(before.fieldVersions),
      values,
    },
    changes: changesOf(input, values),
    stamp,
    ruleOf: (field) => patientConflictRules[field],
  });
  const after = asksForWrite(merge) ? await writePatient(tx, before, merge, merge.values) : before;
  return mergedOutcome(merge, before, after);
}
