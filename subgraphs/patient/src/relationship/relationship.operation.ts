import { rejected, type AppliedOutcome, type Outcome } from '@caregraph/subgraph';
import { toCivilDay, todayAt } from '../civil-day.ts';
import { patientOperation, type PatientCall, type PatientOperation } from '../patient-operation.ts';
import { lockPatient, onRecordOf, refuseUnreached, takesChanges } from '../reach/index.ts';
import {
  endRelationshipInput,
  relatePatientsInput,
  type RelatePatients,
} from './relationship.input.ts';
import { precedenceOf } from './relationship.service.ts';
import {
  closesRing,
  insertRelationship,
  lockRelationship,
  writeEnd,
} from './relationship-write.store.ts';

/** Writes down what one person is to another. */
const relatePatients = patientOperation({
  name: 'relatePatients',
  input: relatePatientsInput,
  run: relate,
});

async function relate({ ctx, tx, input, stamp }: PatientCall<RelatePatients>): Promise<Outcome> {
  const fields = [
    { field: 'fromPatientId', id: input.fromPatientId },
    { field: 'toPatientId', id: input.toPatientId },
  ] as const;
  let areaId = '';
  // In one order for all, so that two relations of the same people never wait for each other.
  for (const { field, id } of fields.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const locked = await lockPatient(tx, ctx.scope, id);
    if (locked.state !== 'REACHED') return rejected('REFERENCE_NOT_FOUND', field);
    if (!takesChanges(locked.row)) return onRecordOf(id, rejected('STATE_REFUSED', field));
    if (field === 'fromPatientId') areaId = locked.row.areaId;
  }
  const precedence = precedenceOf(input);
  if (precedence !== undefined && (await closesRing(tx, precedence))) {
    return onRecordOf(input.toPatientId, rejected('CYCLE_REFUSED', 'toPatientId'));
  }
  await insertRelationship(tx, input, stamp);
  const { fromPatientId, toPatientId: patientId } = input;
  return written({ id: input.id, version: 1, patientId, fromPatientId, areaId });
}

/** Ends a relationship, or says that it never was. */
const endRelationship = patientOperation({
  name: 'endRelationship',
  input: endRelationshipInput,
  async run({ ctx, tx, input, stamp }) {
    const found = await lockRelationship(tx, ctx.scope, input.relationshipId);
    if (found === undefined) return rejected('NOT_FOUND', 'relationshipId');
    const { row, reached } = found;
    const { id, version, toPatientId: patientId, fromPatientId } = row;
    if (!reached) return refuseUnreached({ state: 'OUT_OF_SCOPE' }, 'relationshipId', patientId);
    if (input.endedOn != null && input.endedOn > todayAt(stamp.receivedAt)) {
      return onRecordOf(patientId, rejected('DATE_IN_FUTURE', 'endedOn'));
    }
    const end = {
      status: input.enteredInError ? 'ENTERED_IN_ERROR' : 'ENDED',
      endedOn: input.endedOn ?? null,
    };
    const { areaId } = row.from;
    const endedOn = row.endedOn && toCivilDay(row.endedOn);
    if (row.status === end.status && endedOn === end.endedOn) {
      return { ...written({ id, version, patientId, fromPatientId, areaId }), changes: [] };
    }
    if (row.status === 'ENTERED_IN_ERROR') {
      return onRecordOf(patientId, rejected('STATE_REFUSED', 'relationshipId'));
    }
    const ended = await writeEnd(tx, row, end, stamp);
    return written({ id, version: ended, patientId, fromPatientId, areaId });
  },
});

function written(relationship: {
  id: string;
  version: number;
  patientId: string;
  fromPatientId: string;
  areaId: string;
}): AppliedOutcome {
  const { id: entityId, version, patientId, fromPatientId, areaId } = relationship;
  const areaBefore = version === 1 ? null : areaId;
  const change = { typename: 'Relationship', entityId, version, areaBefore, areaAfter: areaId };
  const otherPatientIds = [fromPatientId];
  return { verdict: 'APPLIED', entityId, version, changes: [change], patientId, otherPatientIds };
}

export const relationshipOperations: readonly PatientOperation[] = [
  relatePatients,
  endRelationship,
];
