import { translate } from '@caregraph/guideline';
import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { civilDay } from '../stored-day.ts';
import { dueListOf } from './due-list.service.ts';

export const taskResolvers: Resolvers = {
  Query: {
    task: (_root, { id }, { stores }) => stores.task.find(id),
    async tasks(_root, { first, after = null, ...filter }, { stores }) {
      const page = pageRequest('Query.tasks', { first, after }, filter);
      return toConnection(await stores.task.list(filter, page), page, (row) => [row.id]);
    },
  },
  Patient: {
    dueList: (patient, _args, ctx) => dueListOf(patient, ctx),
    tasks: ({ id }, { state, ...page }, { stores }) =>
      stores.task.ofPatient(id, page, state ?? null),
  },
  DueItem: { title: (item, { language }) => translate(item, language) },
  Task: {
    __resolveReference: ({ id }, { stores }) => stores.task.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    overdue: ({ state, dueOn }, _args, { today }) => state === 'OPEN' && civilDay(dueOn) < today,
    checkup: ({ checkupId }, _args, { stores }) =>
      checkupId === null ? null : stores.checkup.find(checkupId),
    assignedTo: ({ assignedToId }) => (assignedToId === null ? null : { id: assignedToId }),
    createdBy: ({ authorId }) => ({ id: authorId }),
    closedBy: ({ closedById }) => (closedById === null ? null : { id: closedById }),
  },
  CreateTaskReceipt: {
    task: (receipt, _args, { stores }) => writtenRecord(receipt, stores.task.find),
  },
  CompleteTaskReceipt: {
    task: (receipt, _args, { stores }) => writtenRecord(receipt, stores.task.find),
  },
  CancelTaskReceipt: {
    task: (receipt, _args, { stores }) => writtenRecord(receipt, stores.task.find),
  },
};
