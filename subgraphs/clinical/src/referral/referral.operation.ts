import {
  defineOperation,
  problem,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import { z } from 'zod';
import { foreignAttribution } from '../attribution.ts';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { admitPatient, changedOutcome, recordedOutcome } from '../patient/index.ts';
import { mayFollow, referralStates } from './referral.state.ts';
import { insertReferral, lockReferral, writeReferralState } from './referral.store.ts';

const referPatientInput = z.object({
  id: z.string(),
  patientId: z.string(),
  fromInstitutionId: z.string().nullish(),
  toInstitutionId: z.string(),
  urgency: z.enum(['ROUTINE', 'URGENT', 'EMERGENCY']),
  reason: z.string().trim().min(1).max(10_000),
  checkupId: z.string().nullish(),
});

const changeReferralStateInput = z.object({
  referralId: z.string(),
  state: z.enum(referralStates),
});

type Call<TInput> = OperationCall<ClinicalContext, StoreTx, TInput>;

async function referPatient(call: Call<z.infer<typeof referPatientInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId, checkupId = null, ...rest } = input;
  const fromInstitutionId = input.fromInstitutionId ?? ctx.actor.institutionId;
  if (fromInstitutionId === input.toInstitutionId) {
    return rejected('INPUT_INVALID', 'toInstitutionId');
  }
  const [foreign] = foreignAttribution(ctx.actor, { institutions: { fromInstitutionId } });
  if (foreign !== undefined) return { verdict: 'REJECTED', problems: [foreign] };
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  await insertReferral(tx, { ...rest, id, patientId, checkupId, fromInstitutionId }, stamp);
  return recordedOutcome(admission.patient, { typename: 'Referral', entityId: id, version: 1 });
}

/**
 * Takes a step, or refuses one that the state does not allow. The same step told twice, by two
 * people who both saw the patient arrive, is one step.
 */
async function changeReferralState(
  call: Call<z.infer<typeof changeReferralStateInput>>,
): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { referralId, state } = input;
  const referral = await lockReferral(tx, ctx.scope, referralId);
  if (referral === undefined) return rejected('NOT_FOUND', 'referralId');
  const { patientId, version } = referral;
  if (!referral.inScope) {
    return { verdict: 'QUARANTINED', problems: [problem('OUT_OF_SCOPE_KEPT')], patientId };
  }
  const { areaId } = referral.patient;
  const record = { typename: 'Referral', entityId: referralId };
  if (referral.state === state) {
    return { ...changedOutcome({ patientId, areaId }, { ...record, version }), changes: [] };
  }
  if (!mayFollow(referral.state, state)) {
    return { verdict: 'REJECTED', problems: [problem('STATE_REFUSED', 'state')], patientId };
  }
  await writeReferralState(tx, { referralId, state, version: version + 1 }, stamp);
  return changedOutcome({ patientId, areaId }, { ...record, version: version + 1 });
}

export const referralOperations: readonly Operation<ClinicalContext, StoreTx>[] = [
  defineOperation({ name: 'referPatient', input: referPatientInput, run: referPatient }),
  defineOperation({
    name: 'changeReferralState',
    input: changeReferralStateInput,
    run: changeReferralState,
  }),
];
