import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { AuditContext } from '../context.ts';
import { accessRecordResolvers } from './access-record.resolver.ts';

export const accessRecordConcept: Concept<AuditContext, StoreTx> = {
  name: 'access-record',
  sdl: new URL('./access-record.graphql', import.meta.url),
  resolvers: accessRecordResolvers,
};
