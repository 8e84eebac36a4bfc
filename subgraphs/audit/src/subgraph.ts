import {
  assembleSubgraph,
  territoryHandlers,
  type Subgraph,
  type SubgraphDependencies,
} from '@caregraph/subgraph';
import { accessRecordConcept } from './access-record/index.ts';
import { auditEventConcept, auditEventHandlers } from './audit-event/index.ts';
import { createStoreClient, type StoreTx } from './client.ts';
import type { AuditContext } from './context.ts';
import { createStores } from './stores.ts';

/** Who did what to whose record, when, why and with what outcome: kept for good. */
export function createAuditSubgraph(deps: SubgraphDependencies): Subgraph {
  const { prisma } = createStoreClient(deps);
  return assembleSubgraph<AuditContext, StoreTx>(
    {
      name: 'audit',
      concepts: [auditEventConcept, accessRecordConcept],
      store: prisma,
      extendContext: (base) => ({ ...base, stores: createStores(prisma, base) }),
      clearLoaders: ({ stores }) => Object.values(stores).forEach((store) => store.clear()),
      eventHandlers: { ...territoryHandlers, ...auditEventHandlers },
    },
    deps,
  );
}
