import {
  createBatchLoader,
  patientsInScope,
  type BatchLoader,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Relationship } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

export type RelationshipRow = Relationship;

/** Relationships of which at least one person is in scope. */
interface RelationshipStore {
  find(id: string): Promise<RelationshipRow | null>;
  /** Where someone stands on either side, oldest first, at most a hundred. */
  ofPatient(patientId: string): Promise<RelationshipRow[]>;
  clear(): void;
}

const maxRelationships = 100;

export function createRelationshipStore(
  { prisma }: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): RelationshipStore {
  const inScope = patientsInScope(scope);
  const reached = { OR: [{ from: inScope }, { to: inScope }] };
  const leave = (row: RelationshipRow) => {
    audit.saw('Relationship', row.fromPatientId);
    audit.saw('Relationship', row.toPatientId);
    return row;
  };
  const byId: BatchLoader<RelationshipRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.relationship.findMany({
      where: { AND: [{ id: { in: [...ids] } }, reached] },
    });
    return new Map(rows.map((row) => [row.id, leave(row)]));
  });
  const byPatient: BatchLoader<RelationshipRow[]> = createBatchLoader(async (patientIds) => {
    const ids = [...patientIds];
    const sides = [{ fromPatientId: { in: ids } }, { toPatientId: { in: ids } }];
    const rows = await prisma.relationship.findMany({
      where: { AND: [{ OR: sides }, reached] },
      orderBy: { id: 'asc' },
    });
    return new Map(
      ids.map((id) => [id, rows.filter((row) => isOf(row, id)).slice(0, maxRelationships)]),
    );
  });
  return {
    find: byId.find,
    ofPatient: async (patientId) => ((await byPatient.load(patientId)) ?? []).map(leave),
    clear: () => {
      byId.clear();
      byPatient.clear();
    },
  };
}

function isOf({ fromPatientId, toPatientId }: RelationshipRow, patientId: string): boolean {
  return fromPatientId === patientId || toPatientId === patientId;
}
