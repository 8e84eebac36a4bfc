import type { z } from 'zod';
import { readFieldVersions, mergeFields, rejected, type Outcome } from '@caregraph/subgraph';
import { patientOperation, type PatientCall } from '../patient-operation.ts';
import {
  dependantsOf,
  isInTerritory,
  keptForReview,
  lockHousehold,
  lockPatient,
  onRecordOf,
  patientPlaced,
  refuseUnreached,
  takesChanges,
  worksIn,
} from '../reach/index.ts';
import { movePatientInput } from './patient.input.ts';
import { asksForWrite, mergedOutcome } from './patient-outcome.ts';
import { destinationOf, patientConflictRules } from './patient.service.ts';
import type { Place } from './patient.type.ts';
import { householdOf, stepDownAsHead, writePatient } from './patient-write.store.ts';

type Call = PatientCall<z.infer<typeof movePatientInput>>;
type Reached = Extract<Awaited<ReturnType<typeof lockPatient>>, { state: 'REACHED' }>['row'];

/** Moves a person to another area, into a household, or out of one. */
export const movePatient = patientOperation({
  name: 'movePatient',
  input: movePatientInput,
  run: move,
});

async function move(call: Call): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const { patientId } = input;
  const households = await lockHouseholds(call);
  const locked = await lockPatient(tx, ctx.scope, patientId);
  if (locked.state !== 'REACHED') return refuseUnreached(locked, 'patientId', patientId);
  if (!takesChanges(locked.row)) return keptForReview('patientId', patientId);
  if (!(await isInTerritory(tx, ctx.scope, patientId))) {
    return onRecordOf(patientId, rejected('NOT_PERMITTED', 'patientId'));
  }
  const target = input.householdId == null ? undefined : households.get(input.householdId);
  if (target !== undefined && target.state !== 'REACHED') {
    return rejected('REFERENCE_NOT_FOUND', 'householdId');
  }
  const destination = destinationOf(locked.row, input, target?.row);
  const elsewhere = destination.areaId !== locked.row.areaId;
  if (elsewhere && !(await worksIn(tx, ctx.scope, destination.areaId))) {
    return rejected('REFERENCE_NOT_FOUND', 'areaId');
  }
  return settleIn(call, locked.row, destination);
}

/** Households before their members, in one order for all: two moves never wait for each other. */
async function lockHouseholds({ ctx, tx, input }: Call) {
  const current = await householdOf(tx, input.patientId);
  const ids = [current, input.householdId].filter((id) => id != null);
  const locked = new Map<string, Awaited<ReturnType<typeof lockHousehold>>>();
  for (const id of [...new Set(ids)].sort()) locked.set(id, await lockHousehold(tx, ctx.scope, id));
  return locked;
}

async function settleIn({ tx, stamp }: Call, before: Reached, place: Place): Promise<Outcome> {
  const { areaId, householdId } = before;
  const merge = mergeFields<{ place: Place }>({
    current: {
      version: before.version,
      fieldVersions: readFieldVersions(before.fieldVersions),
      values: { place: { areaId, householdId } },
    },
    changes: { place },
    stamp,
    ruleOf: () => patientConflictRules.place,
  });
  if (!asksForWrite(merge)) return mergedOutcome(merge, before, before);
  const left = place.householdId === householdId ? [] : await stepDownAsHead(tx, before, stamp);
  const after = await writePatient(tx, before, merge, { place });
  const outcome = mergedOutcome(merge, before, after);
  const areas = { areaBefore: areaId, areaAfter: after.areaId };
  const dependants = areaId === after.areaId ? [] : await dependantsOf(tx, [before.id]);
  return {
    ...outcome,
    changes: [
      ...outcome.changes,
      ...dependants.map((one) => ({ ...one, ...areas })),
      ...left.map(({ id, version, areaId: at }) => ({
        ...{ typename: 'Household', entityId: id, version, areaBefore: at, areaAfter: at },
      })),
    ],
    events: [patientPlaced(after)],
  };
}
