import { civilDateIn } from '@caregraph/guideline';
import {
  defineOperation,
  problem,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
  type Problem,
} from '@caregraph/subgraph';
import { foreignAttribution } from '../attribution.ts';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { admitPatient, changedOutcome, recordedOutcome } from '../patient/index.ts';
import { storedDay } from '../stored-day.ts';
import { placeDose, scheduleWarnings, unknownNames } from './dose-check.ts';
import {
  amendImmunizationInput,
  recordImmunizationInput,
  type AmendImmunizationInput,
  type RecordImmunizationInput,
  type StatedDose,
} from './immunization.input.ts';
import {
  dosesGiven,
  insertImmunization,
  lockImmunization,
  markEnteredInError,
  type NewImmunization,
} from './immunization-write.store.ts';

type Call<TInput> = OperationCall<ClinicalContext, StoreTx, TInput>;
type ReadDose =
  | { readonly refused: readonly [Problem, ...Problem[]] }
  | { readonly refused?: never; readonly row: NewImmunization; readonly warnings: Problem[] };

/** Checks a stated dose against content, calendar and schedule, and turns it into a row. */
async function readDose(
  { ctx, tx, stamp }: Pick<Call<unknown>, 'ctx' | 'tx' | 'stamp'>,
  patientId: string,
  stated: StatedDose,
): Promise<ReadDose> {
  const { id, coding, notGivenReason = null, birthDate } = stated;
  const on = stated.givenOn ?? civilDateIn(stamp.recordedAt, ctx.timeZone);
  const [first, ...rest] = [
    ...unknownNames(stated),
    ...(on > ctx.today ? [problem('DATE_IN_FUTURE', 'givenOn')] : []),
    ...(birthDate != null && birthDate > on ? [problem('INPUT_INVALID', 'birthDate')] : []),
  ];
  if (first !== undefined) return { refused: [first, ...rest] };
  const dose = placeDose(stated);
  const isGiven = notGivenReason === null;
  const given = isGiven && birthDate != null ? await dosesGiven(tx, ctx.scope, patientId) : [];
  const check = { dose, birthDate: isGiven ? birthDate : null, on, given, today: ctx.today };
  return {
    warnings: scheduleWarnings(check),
    row: {
      ...dose,
      id,
      patientId,
      status: isGiven ? 'GIVEN' : 'NOT_GIVEN',
      notGivenReason,
      codingSystem: coding?.system ?? null,
      codingCode: coding?.code ?? null,
      codingDisplay: coding?.display ?? null,
      occurredOn: storedDay(on),
      batch: stated.batch ?? null,
      institutionId: stated.institutionId ?? ctx.actor.institutionId,
      givenById: stated.givenById ?? null,
    },
  };
}

/** What a dose says of where and by whom, as problems of the fields under `path`. */
function namesOthers(
  { ctx }: Pick<Call<unknown>, 'ctx'>,
  { institutionId, givenById }: StatedDose,
  path = '',
  standing: readonly (string | null)[] = [],
): Outcome | undefined {
  const named = {
    institutions: { [`${path}institutionId`]: institutionId },
    staff: { [`${path}givenById`]: givenById },
  };
  const [first, ...rest] = foreignAttribution(ctx.actor, named, standing);
  return first && { verdict: 'REJECTED', problems: [first, ...rest] };
}

async function recordImmunization(call: Call<RecordImmunizationInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId } = input;
  const foreign = namesOthers(call, input);
  if (foreign) return foreign;
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  const dose = await readDose(call, patientId, input);
  if (dose.refused) return { verdict: 'REJECTED', problems: dose.refused, patientId };
  await insertImmunization(tx, dose.row, stamp);
  const record = { typename: 'Immunization', entityId: id, version: 1, problems: dose.warnings };
  return recordedOutcome(admission.patient, record);
}

async function amendImmunization(call: Call<AmendImmunizationInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { immunizationId, replacement } = input;
  const amended = await lockImmunization(tx, ctx.scope, immunizationId);
  if (amended === undefined) return rejected('NOT_FOUND', 'immunizationId');
  const { patientId, version } = amended;
  if (!amended.inScope) {
    return { verdict: 'QUARANTINED', problems: [problem('OUT_OF_SCOPE_KEPT')], patientId };
  }
  if (amended.status === 'ENTERED_IN_ERROR') return alreadyAmended(patientId);
  const standing = [amended.institutionId, amended.givenById];
  const foreign = replacement && namesOthers(call, replacement, 'replacement.', standing);
  if (foreign) return { ...foreign, patientId };
  // First, so that the replacement may take the place of the dose in its series.
  await markEnteredInError(tx, immunizationId, version + 1);
  const { areaId } = amended.patient;
  const typename = 'Immunization';
  const marked = { typename, entityId: immunizationId, version: version + 1 };
  if (!replacement) return changedOutcome({ patientId, areaId }, marked);
  const dose = await readDose(call, patientId, replacement);
  if (dose.refused) return { verdict: 'REJECTED', problems: dose.refused, patientId };
  await insertImmunization(tx, { ...dose.row, amendsId: immunizationId }, stamp);
  const created = { typename, entityId: replacement.id, version: 1 };
  const outcome = changedOutcome({ patientId, areaId }, { ...created, problems: dose.warnings });
  const change = { ...marked, areaBefore: areaId, areaAfter: areaId };
  return { ...outcome, changes: [change, { ...created, areaAfter: areaId }] };
}

function alreadyAmended(patientId: string): Outcome {
  const problems = [problem('STATE_REFUSED', 'immunizationId')] as const;
  return { verdict: 'REJECTED', problems, patientId };
}

export const immunizationOperations: readonly Operation<ClinicalContext, StoreTx>[] = [
  defineOperation({
    name: 'recordImmunization',
    input: recordImmunizationInput,
    run: recordImmunization,
  }),
  defineOperation({
    name: 'amendImmunization',
    input: amendImmunizationInput,
    run: amendImmunization,
  }),
];
