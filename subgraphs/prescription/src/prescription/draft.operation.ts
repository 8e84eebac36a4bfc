import {
  defineOperation,
  firstFieldVersions,
  mergedOutcome,
  mergeFields,
  problem,
  readFieldVersions,
  rejected,
  type Operation,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { facilityDay, toCivilDay, toStoredDay } from '../facility-day.ts';
import { fieldVersionsJson, markFields } from '../field-versions.ts';
import { admitPatient, keptForReview, reachesPatient, recordedOutcome } from '../patient/index.ts';
import { mergedFields, type Call } from './issue.operation.ts';
import {
  draftPrescriptionInput,
  updateDraftPrescriptionInput,
  type DraftInput,
  type ItemInput,
  type UpdateDraftInput,
} from './prescription.input.ts';
import { worksOnDraft } from './prescription.service.ts';
import { allowsStep, stateOn } from './prescription.state.ts';
import {
  atcCodesOf,
  insertItems,
  insertPrescription,
  lockPrescription,
  removeItems,
  writePrescription,
  type LockedPrescription,
} from './prescription-write.store.ts';

const maxItems = 30;

async function draftPrescription(call: Call<DraftInput>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const unknown = await unknownMedicine(tx, input.items, 'items');
  if (unknown) return unknown;
  const admission = await admitPatient(tx, ctx.scope, input.patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  await insertPrescription(
    tx,
    {
      id: input.id,
      patientId: input.patientId,
      prescriberId: stamp.authorId,
      institutionId: ctx.scope.institutionId,
      checkupId: input.checkupId ?? null,
      state: 'DRAFT',
      notes: input.notes ?? null,
      overrideReason: null,
      subject: input.subject ?? null,
      issuedAt: null,
      validUntil: input.validUntil ?? null,
      cancelledAt: null,
      imported: false,
      fieldVersions: firstFieldVersions(mergedFields, stamp),
    },
    newItems(input.items, 0),
    stamp,
  );
  return recordedOutcome(admission.patient, { typename: 'Prescription', id: input.id });
}

function newItems(items: readonly ItemInput[], after: number) {
  return items.map((input, index) => {
    return { input, position: after + index + 1, dispensedQuantity: 0, findings: [] };
  });
}

async function unknownMedicine(
  tx: StoreTx,
  items: readonly ItemInput[],
  list: string,
): Promise<Outcome | undefined> {
  const codes = items.map(({ medicineCode }) => medicineCode ?? '');
  const known = await atcCodesOf(tx, codes);
  const missing = codes.findIndex((code) => !known.has(code));
  if (missing < 0) return undefined;
  return rejected('REFERENCE_NOT_FOUND', `${list}.${missing}.medicineCode`);
}

async function updateDraftPrescription(call: Call<UpdateDraftInput>): Promise<Outcome> {
  const { ctx, tx, input } = call;
  const draft = await lockPrescription(tx, input.prescriptionId);
  if (draft === undefined) return rejected('NOT_FOUND', 'prescriptionId');
  const { patientId } = draft;
  if (!(await reachesPatient(tx, ctx.scope, patientId))) {
    return keptForReview('prescriptionId', patientId);
  }
  const unknown = await unknownMedicine(tx, input.addItems ?? [], 'addItems');
  if (unknown) return { ...unknown, patientId };
  if (!worksOnDraft(ctx.scope, draft)) {
    return { ...rejected('NOT_PERMITTED', 'prescriptionId'), patientId };
  }
  const state = stateOn(draft, facilityDay(ctx.clock.now()));
  if (!allowsStep(state, 'CHANGE')) {
    // What somebody wrote without network is kept, although the draft was issued meanwhile.
    const problems = [problem('STATE_REFUSED', 'prescriptionId')] as const;
    return { verdict: 'QUARANTINED', problems, patientId };
  }
  const refusal = refuseItemCount(input, draft);
  return refusal ? { ...refusal, patientId } : changeDraft(call, draft);
}

function refuseItemCount(input: UpdateDraftInput, draft: LockedPrescription): Outcome | undefined {
  const removed = new Set(input.removeItemIds ?? []);
  const left = draft.items.filter(({ id }) => !removed.has(id)).length;
  if (left + removed.size > draft.items.length) return rejected('NOT_FOUND', 'removeItemIds');
  const count = left + (input.addItems?.length ?? 0);
  if (count < 1) return rejected('INPUT_INVALID', 'removeItemIds');
  return count > maxItems ? rejected('INPUT_INVALID', 'addItems') : undefined;
}

async function changeDraft(
  { tx, input, stamp }: Call<UpdateDraftInput>,
  draft: LockedPrescription,
): Promise<Outcome> {
  const { notes, validUntil } = input;
  const merge = mergeFields({
    current: {
      version: draft.version,
      fieldVersions: readFieldVersions(draft.fieldVersions),
      values: {
        notes: draft.notes,
        validUntil: draft.validUntil === null ? null : toCivilDay(draft.validUntil),
      },
    },
    changes: {
      ...(notes === undefined ? {} : { notes }),
      ...(validUntil === undefined ? {} : { validUntil }),
    },
    stamp,
    ruleOf: () => 'SERVER_SHOWS',
  });
  const { values, version } = merge;
  await removeItems(tx, input.removeItemIds ?? []);
  const last = draft.items.at(-1)?.position ?? 0;
  await insertItems(tx, draft.id, draft.patientId, newItems(input.addItems ?? [], last));
  const versions = fieldVersionsJson(merge.fieldVersions);
  const listed = input.addItems != null || input.removeItemIds != null;
  await writePrescription(tx, draft, {
    ...(values.notes === undefined ? {} : { notes: values.notes }),
    ...(values.validUntil === undefined ? {} : { validUntil: storedOrNull(values.validUntil) }),
    version,
    fieldVersions: listed ? markFields(versions, ['items'], version, stamp) : versions,
  });
  const { areaId } = draft.patient;
  const place = { areaBefore: areaId, areaAfter: areaId, patientId: draft.patientId };
  return mergedOutcome(merge, { typename: 'Prescription', entityId: draft.id, ...place });
}

const storedOrNull = (day: string | null) => (day === null ? null : toStoredDay(day));

export const draftOperations: readonly Operation<PrescriptionContext, StoreTx>[] = [
  defineOperation({
    name: 'draftPrescription',
    input: draftPrescriptionInput,
    run: draftPrescription,
  }),
  defineOperation({
    name: 'updateDraftPrescription',
    input: updateDraftPrescriptionInput,
    run: updateDraftPrescription,
  }),
];
