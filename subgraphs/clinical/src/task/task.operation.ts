import {
  defineOperation,
  problem,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import { z } from 'zod';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { admitPatient, changedOutcome, recordedOutcome } from '../patient/index.ts';
import { storedDay } from '../stored-day.ts';
import { closeTask, insertTask, lockTask } from './task.store.ts';

const kinds = [
  'FOLLOW_UP',
  'HOME_VISIT',
  'LAB_TEST',
  'REFERRAL_FOLLOW_UP',
  'MEDICINE_REFILL',
  'ANC_VISIT',
  'POSTNATAL_VISIT',
  'IMMUNIZATION',
  'OTHER',
] as const;

const createTaskInput = z.object({
  id: z.string(),
  patientId: z.string(),
  kind: z.enum(kinds),
  dueOn: z.string(),
  rule: z.string().trim().min(1).max(60).nullish(),
  note: z.string().max(5_000).nullish(),
  checkupId: z.string().nullish(),
  assignedToId: z.string().nullish(),
});

const closeTaskInput = z.object({ taskId: z.string() });

type Call<TInput> = OperationCall<ClinicalContext, StoreTx, TInput>;

async function createTask(call: Call<z.infer<typeof createTaskInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { id, patientId, kind, dueOn, rule = null, note = null } = input;
  const admission = await admitPatient(tx, ctx.scope, patientId, stamp);
  if (!admission.admitted) return admission.refusal;
  const { checkupId = null, assignedToId = null } = input;
  const task = {
    id,
    patientId,
    kind,
    dueOn: storedDay(dueOn),
    rule,
    note,
    checkupId,
    assignedToId,
  };
  await insertTask(tx, task, stamp);
  return recordedOutcome(admission.patient, { typename: 'Task', entityId: id, version: 1 });
}

/** Closing twice the same way is one closing: two workers may both have done what was asked. */
function closeAs(state: 'DONE' | 'CANCELLED') {
  return async (call: Call<z.infer<typeof closeTaskInput>>): Promise<Outcome> => {
    const { ctx, tx, input, stamp } = call;
    const task = await lockTask(tx, ctx.scope, input.taskId);
    if (task === undefined) return rejected('NOT_FOUND', 'taskId');
    const { patientId, version } = task;
    if (!task.inScope) {
      return { verdict: 'QUARANTINED', problems: [problem('OUT_OF_SCOPE_KEPT')], patientId };
    }
    const place = { patientId, areaId: task.patient.areaId };
    const record = { typename: 'Task', entityId: input.taskId };
    if (task.state === state) {
      return { ...changedOutcome(place, { ...record, version }), changes: [] };
    }
    if (task.state !== 'OPEN') {
      return { verdict: 'REJECTED', problems: [problem('STATE_REFUSED', 'taskId')], patientId };
    }
    await closeTask(tx, { id: input.taskId, state, version: version + 1 }, stamp);
    return changedOutcome(place, { ...record, version: version + 1 });
  };
}

export const taskOperations: readonly Operation<ClinicalContext, StoreTx>[] = [
  defineOperation({ name: 'createTask', input: createTaskInput, run: createTask }),
  defineOperation({ name: 'completeTask', input: closeTaskInput, run: closeAs('DONE') }),
  defineOperation({ name: 'cancelTask', input: closeTaskInput, run: closeAs('CANCELLED') }),
];
