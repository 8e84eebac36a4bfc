import { requires } from '@caregraph/access';
import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { referralOperations } from './referral.operation.ts';
import { referralResolvers } from './referral.resolver.ts';

const read = requires('clinical:read');

export const referralConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'referral',
  sdl: new URL('./referral.graphql', import.meta.url),
  resolvers: referralResolvers,
  policies: {
    'Query.referral': read,
    'Query.referrals': read,
    'Referral.__resolveReference': read,
  },
  operations: referralOperations,
};
