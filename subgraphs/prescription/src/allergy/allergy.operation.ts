import { z } from 'zod';
import { medicines } from '@caregraph/guideline';
import {
  defineOperation,
  firstFieldVersions,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import { codingColumns, codingInput } from '../coding-input.ts';
import type { PrescriptionContext } from '../context.ts';
import { fieldVersionsJson, markFields } from '../field-versions.ts';
import { admitPatient, keptForReview, reachesPatient, recordedOutcome } from '../patient/index.ts';
import { insertAllergy, lockAllergy, writeAllergy } from './allergy.store.ts';

const groups = new Set(medicines.allergyGroups.map(({ code }) => code));

const substance = z
  .object({
    medicineCode: z.string().min(1).max(80).nullish(),
    // Levels 2 to 5 of the ATC classification: three, four, five or seven characters.
    atcCode: z
      .string()
      .regex(/^[A-Z]\d{2}([A-Z]([A-Z](\d{2})?)?)?$/)
      .nullish(),
    group: z
      .string()
      .refine((code) => groups.has(code))
      .nullish(),
    originalCoding: codingInput.nullish(),
  })
  .refine((given) => Object.values(given).some((value) => value != null));

const recordAllergyInput = z.object({
  id: z.string(),
  patientId: z.string(),
  substance,
  severity: z
    .enum(['MILD', 'MODERATE', 'SEVERE', 'LIFE_THREATENING', 'UNKNOWN'])
    .default('UNKNOWN'),
  reaction: z.string().trim().min(1).max(1_000).nullish(),
});

const refuteAllergyInput = z.object({
  allergyId: z.string(),
  state: z.enum(['REFUTED', 'ENTERED_IN_ERROR']),
});

type Call<TInput> = OperationCall<PrescriptionContext, StoreTx, TInput>;

async function recordAllergy(call: Call<z.infer<typeof recordAllergyInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const admission = await admitPatient(tx, ctx.scope, input.patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  const { medicineCode = null, atcCode = null, group = null, originalCoding } = input.substance;
  const fieldVersions = firstFieldVersions(['state', 'severity', 'reaction'], stamp);
  await insertAllergy(
    tx,
    {
      id: input.id,
      patientId: input.patientId,
      medicineCode,
      atcCode,
      groupCode: group,
      ...codingColumns(originalCoding),
      severity: input.severity,
      reaction: input.reaction ?? null,
      state: 'ACTIVE',
      fieldVersions: fieldVersionsJson(fieldVersions),
    },
    stamp,
  );
  return recordedOutcome(admission.patient, { typename: 'Allergy', id: input.id });
}

/**
 * Threat: an allergy disappears and the next prescription harms. Defence: only who prescribes may
 * say that it is none; others may take back what they recorded themselves.
 */
async function refuteAllergy(call: Call<z.infer<typeof refuteAllergyInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const allergy = await lockAllergy(tx, input.allergyId);
  if (allergy === undefined) return rejected('NOT_FOUND', 'allergyId');
  const { id, patientId } = allergy;
  if (!(await reachesPatient(tx, ctx.scope, patientId))) {
    return keptForReview('allergyId', patientId);
  }
  const prescribes = ctx.actor.permissions.has('prescription:write');
  const takesBack = input.state === 'ENTERED_IN_ERROR' && allergy.authorId === ctx.actor.id;
  if (!prescribes && !takesBack) return { ...rejected('STATE_REFUSED', 'state'), patientId };
  if (allergy.state !== 'ACTIVE') return { ...rejected('STATE_REFUSED', 'allergyId'), patientId };
  const version = allergy.version + 1;
  await writeAllergy(tx, allergy, {
    state: input.state,
    refutedById: stamp.authorId,
    refutedAt: stamp.recordedAt,
    version,
    fieldVersions: markFields(allergy.fieldVersions, ['state'], version, stamp),
  });
  const { areaId } = allergy.patient;
  const place = { areaBefore: areaId, areaAfter: areaId };
  const changes = [{ typename: 'Allergy', entityId: id, version, ...place }];
  return { verdict: 'APPLIED', entityId: id, version, changes, patientId };
}

export const allergyOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  defineOperation({ name: 'recordAllergy', input: recordAllergyInput, run: recordAllergy }),
  defineOperation({ name: 'refuteAllergy', input: refuteAllergyInput, run: refuteAllergy }),
];
