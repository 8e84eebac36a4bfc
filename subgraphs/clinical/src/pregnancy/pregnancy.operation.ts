import {
  defineOperation,
  mergedOutcome,
  mergeFields,
  problem,
  readFieldVersions,
  rejected,
  type ConflictRule,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { admitPatient, recordedOutcome } from '../patient/index.ts';
import { civilDay } from '../stored-day.ts';
import {
  recordPregnancyOutcomeInput,
  registerPregnancyInput,
  updatePregnancyInput,
  type RecordPregnancyOutcomeInput,
  type RegisterPregnancyInput,
  type UpdatePregnancyInput,
} from './pregnancy.input.ts';
import { checkDating, datingOf } from './pregnancy.service.ts';
import {
  changeRiskFlags,
  insertPregnancy,
  lockPregnancy,
  writePregnancy,
  type Dating,
  type PregnancyValues,
} from './pregnancy-write.store.ts';

type Call<TInput> = OperationCall<ClinicalContext, StoreTx, TInput>;
type Locked = NonNullable<Awaited<ReturnType<typeof lockPregnancy>>>;

async function registerPregnancy(call: Call<RegisterPregnancyInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId, gravida = null, para = null } = input;
  const dating = datingOf(input);
  if (dating === undefined) return rejected('INPUT_INVALID', 'lmp');
  const { refusals, warnings } = checkDating(dating, ctx.today);
  const [first, ...rest] = [...refusals, ...parityProblems(gravida, para)];
  if (first) return { verdict: 'REJECTED', problems: [first, ...rest], patientId };
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  await insertPregnancy(tx, { id, patientId, dating, gravida, para }, stamp);
  await changeRiskFlags(tx, id, { add: input.riskFlags ?? [], remove: [] }, stamp);
  const record = { typename: 'Pregnancy', entityId: id, version: 1, problems: warnings };
  return recordedOutcome(admission.patient, record);
}

/** Dating and outcome steer the care of a woman: they move only when someone settles a conflict. */
const ruleOf = (field: keyof PregnancyValues): ConflictRule =>
  field === 'dating' || field === 'ending' ? 'SERVER_SHOWS' : 'DEVICE_SHOWS';

async function updatePregnancy(call: Call<UpdatePregnancyInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const locked = await lockPregnancy(tx, ctx.scope, input.pregnancyId);
  if (!locked?.inScope) return unseen(locked);
  const current = valuesOf(locked);
  const dating = datingOf(input, current.dating) ?? current.dating;
  const changes = {
    ...(input.lmp != null || input.edd != null ? { dating } : {}),
    ...(input.gravida != null ? { gravida: input.gravida } : {}),
    ...(input.para != null ? { para: input.para } : {}),
  };
  const merged = { ...current, ...changes };
  const { refusals, warnings } = checkDating(dating, ctx.today);
  const [first, ...rest] = [
    ...(changes.dating ? refusals : []),
    ...parityProblems(merged.gravida, merged.para),
  ];
  const { id, patientId } = locked;
  if (first) return { verdict: 'REJECTED', problems: [first, ...rest], patientId };
  const flags = { add: input.addRiskFlags ?? [], remove: input.removeRiskFlags ?? [] };
  await changeRiskFlags(tx, id, flags, stamp);
  const outcome = await writeMerged(call, locked, changes);
  return {
    ...outcome,
    problems: [...(outcome.problems ?? []), ...(changes.dating ? warnings : [])],
  };
}

async function recordPregnancyOutcome(call: Call<RecordPregnancyOutcomeInput>): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const { outcome, outcomeOn = null } = input;
  const locked = await lockPregnancy(tx, ctx.scope, input.pregnancyId);
  if (!locked?.inScope) return unseen(locked);
  const { patientId } = locked;
  if (outcomeOn !== null && outcomeOn > ctx.today) {
    return { verdict: 'REJECTED', problems: [problem('DATE_IN_FUTURE', 'outcomeOn')], patientId };
  }
  if (outcomeOn !== null && outcomeOn <= civilDay(locked.lmp)) {
    return { verdict: 'REJECTED', problems: [problem('INPUT_INVALID', 'outcomeOn')], patientId };
  }
  return writeMerged(call, locked, { ending: { outcome, outcomeOn } });
}

async function writeMerged(
  { tx, stamp }: Pick<Call<unknown>, 'tx' | 'stamp'>,
  locked: Locked,
  changes: Partial<PregnancyValues>,
) {
  const { id, patientId, version } = locked;
  const fieldVersions = readFieldVersions(locked.fieldVersions);
  const values = valuesOf(locked);
  const merge = mergeFields({
    current: { version, fieldVersions, values },
    changes,
    stamp,
    ruleOf,
  });
  await writePregnancy(tx, id, merge.values, merge);
  const { areaId } = locked.patient;
  const place = { areaBefore: areaId, areaAfter: areaId, patientId };
  return mergedOutcome(merge, { typename: 'Pregnancy', entityId: id, ...place });
}

function unseen(locked: Locked | undefined): Outcome {
  if (locked === undefined) return rejected('NOT_FOUND', 'pregnancyId');
  const problems = [problem('OUT_OF_SCOPE_KEPT', 'pregnancyId')] as const;
  return { verdict: 'QUARANTINED', problems, patientId: locked.patientId };
}

function valuesOf(row: Locked): PregnancyValues {
  const dating: Dating = {
    lmp: civilDay(row.lmp),
    edd: civilDay(row.edd),
    eddGiven: row.eddGiven,
  };
  const outcomeOn = row.outcomeOn === null ? null : civilDay(row.outcomeOn);
  const { gravida, para, outcome } = row;
  return { dating, gravida, para, ending: { outcome, outcomeOn } };
}

function parityProblems(gravida: number | null, para: number | null) {
  const possible = gravida !== 0 && (gravida === null || para === null || para <= gravida);
  return possible ? [] : [problem('VALUE_IMPOSSIBLE', 'gravida')];
}

export const pregnancyOperations: readonly Operation<ClinicalContext, StoreTx>[] = [
  defineOperation({
    name: 'registerPregnancy',
    input: registerPregnancyInput,
    run: registerPregnancy,
  }),
  defineOperation({
    name: 'updatePregnancy',
    input: updatePregnancyInput,
    run: updatePregnancy,
  }),
  defineOperation({
    name: 'recordPregnancyOutcome',
    input: recordPregnancyOutcomeInput,
    run: recordPregnancyOutcome,
  }),
];
