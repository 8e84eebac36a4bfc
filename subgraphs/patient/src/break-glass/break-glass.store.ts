import {
  createBatchLoader,
  toConnection,
  type BatchLoader,
  type Connection,
  type PageRequest,
  type RequestContext,
} from '@caregraph/subgraph';
import type { BreakGlassGrant } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

export type BreakGlassRow = BreakGlassGrant;

interface BreakGlassFilter {
  readonly patientId?: string | null;
  readonly actorId?: string | null;
}

/** Grants: one's own of this sign-in, and for auditors those of an institution. */
interface BreakGlassStore {
  /** A grant that this sign-in of the actor opened. */
  findOwn(id: string): Promise<BreakGlassRow | null>;
  /** Opened by people of the actor's institution, or of people registered there; newest first. */
  page(filter: BreakGlassFilter, page: PageRequest): Promise<Connection<BreakGlassRow>>;
  clear(): void;
}

export function createBreakGlassStore(
  { prisma }: StoreClient,
  { scope, actor, audit }: Pick<RequestContext, 'scope' | 'actor' | 'audit'>,
): BreakGlassStore {
  // Threat: a stolen token asks for what its owner opened. Defence: a grant is handed out again
  // to the sign-in that opened it, and to no other.
  const own = { actorId: actor.id, sessionId: actor.sessionId ?? null };
  const ownById: BatchLoader<BreakGlassRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.breakGlassGrant.findMany({
      where: { id: { in: [...ids] }, ...own },
    });
    return new Map(rows.map((row) => [row.id, row]));
  });
  const { institutionId } = scope;
  const ofInstitution = { OR: [{ institutionId }, { patient: { institutionId } }] };
  return {
    findOwn: ownById.find,
    async page({ patientId, actorId }, page) {
      const [after] = page.after ?? [];
      const rows = await prisma.breakGlassGrant.findMany({
        where: {
          AND: [
            ofInstitution,
            ...(patientId == null ? [] : [{ patientId }]),
            ...(actorId == null ? [] : [{ actorId }]),
            ...(after === undefined ? [] : [{ id: { lt: after } }]),
          ],
        },
        orderBy: { id: 'desc' },
        take: page.limit,
      });
      const connection = toConnection(rows, page, (row) => [row.id]);
      for (const { node } of connection.edges) audit.saw('BreakGlassGrant', node.patientId);
      return connection;
    },
    clear: ownById.clear,
  };
}
