import { problem, rejected, type Outcome } from '@caregraph/subgraph';
import { todayAt } from '../civil-day.ts';
import { insertIdentifiers } from '../identifier/index.ts';
import { patientOperation, type PatientCall } from '../patient-operation.ts';
import { lockHousehold, patientPlaced, refuseDuplicate, worksIn } from '../reach/index.ts';
import { registerPatientInput, type RegisterPatient } from './patient.input.ts';
import { dayInFuture, patientFields } from './patient.service.ts';
import { insertPatient } from './patient-write.store.ts';

/** Registers a person at the actor's institution, with the identifiers they came with. */
export const registerPatient = patientOperation({
  name: 'registerPatient',
  owner: 'id',
  input: registerPatientInput,
  run: (call) => refuseDuplicate(call.input.id, () => register(call)),
});

async function register(call: PatientCall<RegisterPatient>): Promise<Outcome | 'HELD'> {
  const { ctx, tx, input, stamp } = call;
  const future = dayInFuture(
    { birthDate: input.birthDate, deceasedOn: input.deceasedOn },
    todayAt(stamp.receivedAt),
  );
  if (future !== undefined) return rejected('DATE_IN_FUTURE', future);
  if (input.birthDate != null && input.deceasedOn != null && input.deceasedOn < input.birthDate) {
    return rejected('VALUE_IMPOSSIBLE', 'deceasedOn');
  }
  const householdId = input.householdId ?? null;
  const areaId = await areaOf(call, householdId);
  if (areaId === undefined) return rejected('REFERENCE_NOT_FOUND', 'householdId');
  if (!(await worksIn(tx, ctx.scope, areaId))) return rejected('REFERENCE_NOT_FOUND', 'areaId');

  const { institutionId } = ctx.actor;
  const place = { areaId, householdId };
  const patient = await insertPatient(tx, input, place, {
    institutionId,
    fields: patientFields,
    stamp,
  });
  const identifiers = input.identifiers ?? [];
  const added = { patientId: patient.id, identifiers, stamp };
  const inserted = await insertIdentifiers(tx, added, ctx.stores.identifier.tokensOf);
  if (inserted === 'HELD') return inserted;
  const areas = { areaBefore: null, areaAfter: areaId };
  return {
    verdict: areaId === input.areaId ? 'APPLIED' : 'MERGED',
    entityId: patient.id,
    version: patient.version,
    problems: areaId === input.areaId ? [] : [problem('FIELD_CONFLICT', 'areaId')],
    changes: [
      { typename: 'Patient', entityId: patient.id, version: patient.version, ...areas },
      ...identifiers.map(({ id }) => ({
        typename: 'Identifier',
        entityId: id,
        version: 1,
        ...areas,
      })),
    ],
    events: [patientPlaced(patient)],
    patientId: patient.id,
  };
}

/** The household may have moved since the device heard of it: its members live where it is. */
async function areaOf(
  { ctx, tx, input }: PatientCall<RegisterPatient>,
  householdId: string | null,
): Promise<string | undefined> {
  if (householdId === null) return input.areaId;
  const household = await lockHousehold(tx, ctx.scope, householdId);
  return household.state === 'REACHED' ? household.row.areaId : undefined;
}
