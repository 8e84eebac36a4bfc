import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { AuditContext } from '../context.ts';
import { auditEventResolvers } from './audit-event.resolver.ts';

export const auditEventConcept: Concept<AuditContext, StoreTx> = {
  name: 'audit-event',
  sdl: new URL('./audit-event.graphql', import.meta.url),
  resolvers: auditEventResolvers,
};
