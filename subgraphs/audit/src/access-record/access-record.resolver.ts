import type { Resolvers } from '../../generated/resolvers.ts';
import { breakGlassOf, staffIdOf } from '../audit-event/index.ts';

/** Each value once, in the order of first appearance. */
const distinct = <TValue>(values: readonly TValue[]): TValue[] => [...new Set(values)];

export const accessRecordResolvers: Resolvers = {
  Patient: {
    __resolveReference: ({ id }) => ({ id }),
    accessHistory: ({ id }, { action, ...args }, { stores }) =>
      stores.accessRecord.history(id, args, action ?? null),
  },
  AccessRecord: {
    actor({ actorId, events }) {
      const staffId = staffIdOf({ actorId, roles: events[0]?.roles ?? [] });
      return staffId === undefined ? null : { id: staffId };
    },
    actions: ({ events }) => distinct(events.map((event) => toAction(event.action))),
    breakGlass({ patientId, events }) {
      const opening = events.find((event) => event.openedPatientId === patientId);
      return opening === undefined ? null : breakGlassOf(opening);
    },
    subgraphs: ({ events }) => distinct(events.map((event) => event.subgraph)),
  },
};

/** A check of the table holds the column to the two. */
function toAction(stored: string): 'READ' | 'WRITE' {
  return stored === 'WRITE' ? 'WRITE' : 'READ';
}
