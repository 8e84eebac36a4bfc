import type { Scope } from '@caregraph/access';
import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import {
  createBatchLoader,
  firstFieldVersions,
  factsInScope,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { Prisma, Task } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { createPatientList, type PatientStore } from '../patient/index.ts';
import { storedDay } from '../stored-day.ts';
import type { StoreAccess } from '../stores.ts';

export type TaskRecord = Task;

export interface TaskFilter {
  readonly areaId?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly dueBefore?: string | null | undefined;
}

const listing = {
  list: 'Patient.tasks',
  table: 'task',
  sortColumn: 'due_on',
  descending: false,
  filterColumn: 'state',
};

/** Tasks for the patients in scope. Every one that leaves is registered in the audit trail. */
export function createTaskStore(access: StoreAccess, patients: PatientStore) {
  const { db, audit } = access;
  const scoped = factsInScope(access.scope);
  const seen = (rows: TaskRecord[]): TaskRecord[] => {
    for (const row of rows) audit.saw('Task', row.patientId);
    return rows;
  };
  const byId = createBatchLoader(async (ids) => {
    const where = { AND: [scoped, { id: { in: [...ids] } }] };
    const rows = seen(await db.task.findMany({ where }));
    return new Map(rows.map((row) => [row.id, row]));
  });
  const ofPatient = createPatientList({ access, patients, load: byId.load, listing });
  return {
    find: byId.find,
    ofPatient: ofPatient.page,
    list: async (filter: TaskFilter, page: PageRequest) =>
      seen(
        await db.task.findMany({
          where: { AND: [scoped, chosen(filter), await beyond(access, page)] },
          orderBy: [{ dueOn: 'asc' }, { id: 'asc' }],
          take: page.limit,
        }),
      ),
    clear() {
      for (const loader of [byId, ofPatient]) loader.clear();
    },
  };
}

function chosen({ areaId, state, dueBefore }: TaskFilter): Prisma.TaskWhereInput {
  return {
    ...(areaId ? { patient: { area: { ancestors: { has: areaId } } } } : {}),
    ...(state ? { state } : {}),
    ...(dueBefore ? { dueOn: { lt: storedDay(dueBefore) } } : {}),
  };
}

/** What comes after the cursor's task; its day is looked up, because a cursor tells ids only. */
async function beyond({ db, scope }: StoreAccess, { after }: PageRequest) {
  if (after === undefined) return {};
  const id = after[0] ?? '';
  const mark = isUuidV7(id)
    ? await db.task.findFirst({
        where: { AND: [factsInScope(scope), { id }] },
        select: { dueOn: true },
      })
    : null;
  if (mark === null) throw new Fault('CURSOR_INVALID');
  return { OR: [{ dueOn: { gt: mark.dueOn } }, { dueOn: mark.dueOn, id: { gt: id } }] };
}

/** Locks a task for a change. `inScope` is false when the actor may not see it. */
export async function lockTask(tx: StoreTx, scope: Scope, id: string) {
  await tx.$queryRaw`SELECT 1 FROM task WHERE id = ${id}::uuid FOR UPDATE`;
  const select = {
    patientId: true,
    state: true,
    version: true,
    patient: { select: { areaId: true } },
  };
  const where = { AND: [factsInScope(scope), { id }] };
  const seen = await tx.task.findFirst({ where, select });
  if (seen !== null) return { ...seen, inScope: true };
  const hidden = await tx.task.findUnique({ where: { id }, select });
  return hidden === null ? undefined : { ...hidden, inScope: false };
}

type NewTask = Omit<
  Prisma.TaskCreateManyInput,
  'state' | 'version' | 'fieldVersions' | 'authorId' | 'recordedAt' | 'receivedAt'
>;

export async function insertTask(tx: StoreTx, task: NewTask, stamp: OperationStamp): Promise<void> {
  const { authorId, recordedAt, receivedAt } = stamp;
  const fieldVersions = { ...firstFieldVersions(['state'], stamp) };
  const stamped = { state: 'OPEN', version: 1, fieldVersions, authorId, recordedAt, receivedAt };
  await tx.task.createMany({ data: [{ ...task, ...stamped }] });
}

export async function closeTask(
  tx: StoreTx,
  task: { id: string; state: string; version: number },
  { authorId, recordedAt, deviceId, deviceSequence }: OperationStamp,
): Promise<void> {
  const { id, state, version } = task;
  const fieldVersions = { state: { version, deviceId, deviceSequence } };
  const closing = { closedAt: recordedAt, closedById: authorId };
  const data = { state, version, fieldVersions, ...closing };
  await tx.task.update({ where: { id }, data, select: { id: true } });
}
