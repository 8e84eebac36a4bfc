import {
  defineOperation,
  firstFieldVersions,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
  type Problem,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { facilityDay, toCivilDay, toStoredDay } from '../facility-day.ts';
import { markFields } from '../field-versions.ts';
import { admitPatient, keptForReview, reachesPatient, recordedOutcome } from '../patient/index.ts';
import {
  issuePrescriptionInput,
  readSubject,
  type IssueInput,
  type ItemInput,
} from './prescription.input.ts';
import {
  assess,
  lastDay,
  refusals,
  warnings,
  worksOnDraft,
  type Assessment,
} from './prescription.service.ts';
import { allowsStep, stateOn } from './prescription.state.ts';
import {
  insertPrescription,
  lockPrescription,
  writeFindings,
  writePrescription,
  type LockedPrescription,
} from './prescription-write.store.ts';

export type Call<TInput> = OperationCall<PrescriptionContext, StoreTx, TInput>;

/** The fields of a prescription that are merged one by one. */
export const mergedFields = ['state', 'notes', 'validUntil', 'items'] as const;

/**
 * Issues a draft, or writes and issues in one step. Threat: a child gets ten times the dose because
 * a decimal point slipped. Defence: what the rules refuse is refused, unless the prescriber says
 * why it is meant; history of another system is kept as it was, with what the rules say to it.
 * Threat: an order skips the rules, or names another prescriber, by calling itself history.
 * Defence: history comes from importers only, who cannot have it handed out here.
 */
async function issuePrescription(call: Call<IssueInput>): Promise<Outcome> {
  const { patientId, items, imported } = call.input;
  if (imported && !call.ctx.actor.permissions.has('record:import')) {
    return rejected('NOT_PERMITTED', 'imported');
  }
  return patientId == null || items == null ? issueDraft(call) : issueNew(call, patientId, items);
}

async function issueNew(
  call: Call<IssueInput>,
  patientId: string,
  items: readonly ItemInput[],
): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const validUntil = input.imported
    ? (input.validUntil ?? null)
    : lastDay(stamp.recordedAt, input.validUntil);
  if (validUntil === undefined) return rejected('INPUT_INVALID', 'validUntil');
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  const day = facilityDay(stamp.recordedAt);
  const subject = input.subject ?? undefined;
  const assessment = await assess(tx, { id: input.id, patientId, day }, items, subject);
  const refusal = refusalOf(assessment, input);
  if (refusal) return { ...refusal, patientId };
  await insertPrescription(
    tx,
    { ...newPrescription(call, patientId), validUntil },
    items.map((item, index) => ({
      input: item,
      position: index + 1,
      dispensedQuantity: input.historicState === 'DISPENSED' ? (item.quantity ?? 0) : 0,
      findings: assessment.findings[index] ?? [],
    })),
    stamp,
  );
  const record = { typename: 'Prescription', id: input.id };
  return recordedOutcome(admission.patient, record, warnings(assessment));
}

function newPrescription({ ctx, input, stamp }: Call<IssueInput>, patientId: string) {
  // History that does not say what became of it is over: nobody follows it by mistake.
  const state = input.historicState ?? (input.imported ? 'EXPIRED' : 'ISSUED');
  return {
    id: input.id,
    patientId,
    prescriberId: input.prescriberId ?? stamp.authorId,
    institutionId: input.institutionId ?? ctx.scope.institutionId,
    checkupId: input.checkupId ?? null,
    state,
    notes: input.notes ?? null,
    overrideReason: input.overrideReason ?? null,
    subject: input.subject ?? null,
    issuedAt: stamp.recordedAt,
    cancelledAt: state === 'CANCELLED' ? stamp.recordedAt : null,
    imported: input.imported,
    fieldVersions: firstFieldVersions(mergedFields, stamp),
  };
}

function refusalOf(assessment: Assessment, input: IssueInput): Outcome | undefined {
  const overridden = input.imported || input.overrideReason != null;
  const found: readonly Problem[] = [
    ...assessment.unknown,
    ...(overridden ? [] : refusals(assessment)),
  ];
  const [first, ...rest] = found;
  return first === undefined ? undefined : { verdict: 'REJECTED', problems: [first, ...rest] };
}

async function issueDraft(call: Call<IssueInput>): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const draft = await lockPrescription(tx, input.id);
  if (draft === undefined) return rejected('NOT_FOUND', 'id');
  const { patientId } = draft;
  if (!(await reachesPatient(tx, ctx.scope, patientId))) return keptForReview('id', patientId);
  if (!worksOnDraft(ctx.scope, draft)) return { ...rejected('NOT_PERMITTED', 'id'), patientId };
  const today = facilityDay(ctx.clock.now());
  if (!allowsStep(stateOn(draft, today), 'ISSUE')) {
    return { ...rejected('STATE_REFUSED', 'id'), patientId };
  }
  return issueLocked(call, draft);
}

async function issueLocked(call: Call<IssueInput>, draft: LockedPrescription): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId } = draft;
  const subject = input.subject ?? readSubject(draft.subject);
  if (subject === undefined) return { ...rejected('INPUT_INVALID', 'subject'), patientId };
  const drafted = draft.validUntil === null ? null : toCivilDay(draft.validUntil);
  const validUntil = lastDay(stamp.recordedAt, input.validUntil ?? drafted);
  if (validUntil === undefined) return { ...rejected('INPUT_INVALID', 'validUntil'), patientId };
  const day = facilityDay(stamp.recordedAt);
  const assessment = await assess(tx, { id, patientId, day }, draft.items, subject);
  const refusal = refusalOf(assessment, input);
  if (refusal) return { ...refusal, patientId };
  for (const [index, item] of draft.items.entries()) {
    await writeFindings(tx, item.id, assessment.findings[index] ?? []);
  }
  const version = draft.version + 1;
  await writePrescription(tx, draft, {
    state: 'ISSUED',
    // Whoever issues it stands for it, whoever began the draft.
    prescriberId: stamp.authorId,
    institutionId: ctx.scope.institutionId,
    issuedAt: stamp.recordedAt,
    validUntil: toStoredDay(validUntil),
    subject: { ...subject },
    ...(input.notes == null ? {} : { notes: input.notes }),
    ...(input.overrideReason == null ? {} : { overrideReason: input.overrideReason }),
    version,
    fieldVersions: markFields(draft.fieldVersions, ['state', 'validUntil'], version, stamp),
  });
  return steppedOutcome(draft, version, warnings(assessment));
}

/** The outcome of a step of a prescription that exists. */
export function steppedOutcome(
  { id, patientId, patient }: LockedPrescription,
  version: number,
  problems: readonly Problem[] = [],
): Outcome {
  const place = { areaBefore: patient.areaId, areaAfter: patient.areaId };
  const changes = [{ typename: 'Prescription', entityId: id, version, ...place }];
  return { verdict: 'APPLIED', entityId: id, version, problems, changes, patientId };
}

export const issueOperation: Operation<PrescriptionContext, StoreTx> = defineOperation({
  name: 'issuePrescription',
  input: issuePrescriptionInput,
  run: issuePrescription,
});
