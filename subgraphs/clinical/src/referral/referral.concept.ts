import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { referralOperations } from './referral.operation.ts';
import { referralResolvers } from './referral.resolver.ts';

export const referralConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'referral',
  sdl: new URL('./referral.graphql', import.meta.url),
  resolvers: referralResolvers,
  operations: referralOperations,
};
