import type { z } from 'zod';
import {
  readFieldVersions,
  mergeFields,
  rejected,
  type ConflictRule,
  type Outcome,
} from '@caregraph/subgraph';
import { todayAt, toCivilDay } from '../civil-day.ts';
import { patientOperation, type PatientCall } from '../patient-operation.ts';
import {
  isInTerritory,
  keptForReview,
  lockPatient,
  onRecordOf,
  patientPlaced,
  refuseUnreached,
  takesChanges,
  type Locked,
} from '../reach/index.ts';
import { changePatientStatusInput, recordDeathInput } from './patient.input.ts';
import { asksForWrite, mergedOutcome } from './patient-outcome.ts';
import {
  dayInFuture,
  patientConflictRules,
  standingAs,
  standingOf,
  statusMayBecome,
} from './patient.service.ts';
import type { Standing } from './patient.type.ts';
import { writePatient } from './patient-write.store.ts';

type Reached = Extract<Awaited<ReturnType<typeof lockPatient>>, { state: 'REACHED' }>['row'];

/** Records that a person has died, or corrects the day. */
export const recordDeath = patientOperation({
  name: 'recordDeath',
  input: recordDeathInput,
  async run(call) {
    const { ctx, tx, input, stamp } = call;
    const { patientId, deceasedOn } = input;
    const locked = await lockPatient(tx, ctx.scope, patientId);
    if (locked.state !== 'REACHED') return refuseUnreached(locked, 'patientId', patientId);
    const patient = locked.row;
    if (!takesChanges(patient)) return keptForReview('patientId', patientId);
    const future = dayInFuture({ deceasedOn }, todayAt(stamp.receivedAt));
    if (future !== undefined) return rejected('DATE_IN_FUTURE', future);
    if (deceasedOn != null && patient.birthDate && deceasedOn < toCivilDay(patient.birthDate)) {
      return rejected('VALUE_IMPOSSIBLE', 'deceasedOn');
    }
    const current = standingOf(patient);
    const standing: Standing = {
      status: 'DECEASED',
      deceasedOn: deceasedOn ?? current.deceasedOn,
      mergedIntoId: null,
    };
    return takeStanding(call, patient, standing, patientConflictRules.death);
  },
});

/** Changes whether a person is in care, or which record answers for them. */
export const changePatientStatus = patientOperation({
  name: 'changePatientStatus',
  input: changePatientStatusInput,
  async run(call) {
    const { ctx, tx } = call;
    const { patientId, status, mergedIntoId } = call.input;
    if (mergedIntoId === patientId) return rejected('CYCLE_REFUSED', 'mergedIntoId');
    const locked = await lockBoth(call);
    const patient = locked.get(patientId) ?? { state: 'UNKNOWN' };
    if (patient.state !== 'REACHED') return refuseUnreached(patient, 'patientId', patientId);
    // Whoever has a record open for an hour does not decide that another answers for it.
    for (const id of locked.keys()) {
      if (!(await isInTerritory(tx, ctx.scope, id))) {
        return onRecordOf(patientId, rejected('NOT_PERMITTED', 'patientId'));
      }
    }
    if (!statusMayBecome(patient.row.status, status)) return rejected('STATE_REFUSED', 'status');
    if (mergedIntoId != null) {
      const survivor = locked.get(mergedIntoId);
      if (survivor?.state !== 'REACHED') return rejected('REFERENCE_NOT_FOUND', 'mergedIntoId');
      // One step leads to the record that answers, and no chain comes back to its beginning.
      if (!takesChanges(survivor.row)) return rejected('STATE_REFUSED', 'mergedIntoId');
    }
    const standing = standingAs(standingOf(patient.row), status, mergedIntoId ?? null);
    return takeStanding(call, patient.row, standing, patientConflictRules.standing);
  },
});

/** Both records in one order for all, so that two merges never wait for each other. */
async function lockBoth({
  ctx,
  tx,
  input,
}: PatientCall<z.infer<typeof changePatientStatusInput>>): Promise<Map<string, Locked<Reached>>> {
  const ids = [input.patientId, input.mergedIntoId].filter((id) => id != null);
  const locked = new Map<string, Locked<Reached>>();
  for (const id of ids.sort()) locked.set(id, await lockPatient(tx, ctx.scope, id));
  return locked;
}

async function takeStanding(
  { tx, stamp }: PatientCall<unknown>,
  before: Reached,
  standing: Standing,
  rule: ConflictRule,
): Promise<Outcome> {
  const merge = mergeFields<{ standing: Standing }>({
    current: {
      version: before.version,
      fieldVersions: readFieldVersions(before.fieldVersions),
      values: { standing: standingOf(before) },
    },
    changes: { standing },
    stamp,
    ruleOf: () => rule,
  });
  if (!asksForWrite(merge)) return mergedOutcome(merge, before, before);
  const after = await writePatient(tx, before, merge, { standing });
  return { ...mergedOutcome(merge, before, after), events: [patientPlaced(after)] };
}
