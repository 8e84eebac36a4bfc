import {
  defineOperation,
  problem,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import { foreignAttribution } from '../attribution.ts';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { admitPatient, recordedOutcome } from '../patient/index.ts';
import {
  amendCheckupInput,
  recordCheckupInput,
  type AmendCheckupInput,
  type RecordCheckupInput,
} from './checkup.input.ts';
import { readFindings } from './checkup.service.ts';
import { insertCheckup, lockAmended } from './checkup-write.store.ts';
import { insertDiagnoses } from './diagnosis.store.ts';

type Call<TInput> = OperationCall<ClinicalContext, StoreTx, TInput>;

async function recordCheckup(call: Call<RecordCheckupInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId, visitType, institutionId, attendedById } = input;
  const named = { institutions: { institutionId }, staff: { attendedById } };
  const [foreign, ...others] = foreignAttribution(ctx.actor, named);
  if (foreign !== undefined) return { verdict: 'REJECTED', problems: [foreign, ...others] };
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  const visit = { checkupId: id, patientId, visitType, occurredAt: stamp.recordedAt };
  const findings = await readFindings(ctx, tx, visit, input);
  if (findings.refused) return { verdict: 'REJECTED', problems: findings.refused, patientId };
  const checkup = {
    ...findings.columns,
    id,
    patientId,
    visitType,
    occurredAt: stamp.recordedAt,
    institutionId: institutionId ?? ctx.actor.institutionId,
    attendedById: attendedById ?? null,
  };
  await insertCheckup(tx, checkup, stamp);
  await insertDiagnoses(tx, findings.diagnoses);
  const record = { typename: 'Checkup', entityId: id, version: 1, problems: findings.warnings };
  return recordedOutcome(admission.patient, record);
}

/**
 * An amendment stands in the place of what it amends. Two workers who amend the same checkup
 * without knowing of each other are both kept and both shown, with a conflict to settle.
 */
async function amendCheckup(call: Call<AmendCheckupInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, amendsId } = input;
  const amended = await lockAmended(tx, ctx.scope, amendsId);
  if (amended === undefined) return rejected('NOT_FOUND', 'amendsId');
  const { patientId, occurredAt, institutionId, attendedById } = amended;
  if (!amended.inScope) {
    return { verdict: 'QUARANTINED', problems: [problem('OUT_OF_SCOPE_KEPT')], patientId };
  }
  const visitType = input.visitType ?? amended.visitType;
  const visit = { checkupId: id, patientId, visitType, occurredAt };
  const ageDays = input.ageDays ?? amended.ageDays;
  const findings = await readFindings(ctx, tx, visit, { ...input, ageDays });
  if (findings.refused) return { verdict: 'REJECTED', problems: findings.refused, patientId };
  const place = { id, patientId, visitType, occurredAt, institutionId, attendedById };
  const amendment = { amendsId, amendmentReason: input.reason, withdraws: input.withdraws };
  await insertCheckup(tx, { ...findings.columns, ...place, ...amendment }, stamp);
  await insertDiagnoses(tx, findings.diagnoses);
  const { areaId, status } = amended.patient;
  const recorded = recordedOutcome(
    { patientId, areaId, provisional: status === 'PROVISIONAL' },
    { typename: 'Checkup', entityId: id, version: 1, problems: findings.warnings },
  );
  if (amended.amendments.length === 0) return recorded;
  const conflict = problem('FIELD_CONFLICT', 'amendsId');
  return { ...recorded, verdict: 'CONFLICT', problems: [...(recorded.problems ?? []), conflict] };
}

export const checkupOperations: readonly Operation<ClinicalContext, StoreTx>[] = [
  defineOperation({ name: 'recordCheckup', input: recordCheckupInput, run: recordCheckup }),
  defineOperation({ name: 'amendCheckup', input: amendCheckupInput, run: amendCheckup }),
];
