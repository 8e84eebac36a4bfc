import { rejected, type AppliedOutcome } from '@caregraph/subgraph';
import { patientOperation, type PatientOperation } from '../patient-operation.ts';
import {
  keptForReview,
  lockPatient,
  refuseDuplicate,
  refuseUnreached,
  takesChanges,
} from '../reach/index.ts';
import { addIdentifierInput, retireIdentifierInput } from './identifier.input.ts';
import { insertIdentifiers, lockIdentifier, retire } from './identifier-write.store.ts';

/** Gives a patient one more identifier. A value that names someone already is ALREADY_EXISTS. */
const addIdentifier = patientOperation({
  name: 'addIdentifier',
  input: addIdentifierInput,
  async run({ ctx, tx, input, stamp }) {
    const { patientId } = input;
    const locked = await lockPatient(tx, ctx.scope, patientId);
    if (locked.state !== 'REACHED') return refuseUnreached(locked, 'patientId', patientId);
    if (!takesChanges(locked.row)) return keptForReview('patientId', patientId);
    return refuseDuplicate(patientId, async () => {
      const added = { patientId, identifiers: [input], stamp };
      const outcome = await insertIdentifiers(tx, added, ctx.stores.identifier.tokensOf);
      return outcome === 'HELD' ? outcome : written(input.id, 1, locked.row);
    });
  },
});

/** Takes an identifier out of use: lost, replaced or wrong. Its value may then name another. */
const retireIdentifier = patientOperation({
  name: 'retireIdentifier',
  input: retireIdentifierInput,
  async run({ ctx, tx, input, stamp }) {
    const found = await lockIdentifier(tx, ctx.scope, input.identifierId);
    if (found === undefined) return rejected('NOT_FOUND', 'identifierId');
    const { identifier, patient } = found;
    if (patient.state !== 'REACHED') {
      return refuseUnreached(patient, 'identifierId', identifier.patientId);
    }
    if (identifier.status === 'RETIRED') {
      return { ...written(identifier.id, identifier.version, patient.row), changes: [] };
    }
    return written(identifier.id, await retire(tx, identifier, stamp), patient.row);
  },
});

function written(
  entityId: string,
  version: number,
  patient: { readonly id: string; readonly areaId: string },
): AppliedOutcome {
  const { areaId } = patient;
  const areaBefore = version === 1 ? null : areaId;
  const change = { typename: 'Identifier', entityId, version, areaBefore, areaAfter: areaId };
  return { verdict: 'APPLIED', entityId, version, changes: [change], patientId: patient.id };
}

export const identifierOperations: readonly PatientOperation[] = [addIdentifier, retireIdentifier];
