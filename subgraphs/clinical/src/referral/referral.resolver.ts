import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

export const referralResolvers: Resolvers = {
  Query: {
    referral: (_root, { id }, { stores }) => stores.referral.find(id),
    async referrals(_root, { first, after = null, ...filter }, { stores }) {
      const page = pageRequest('Query.referrals', { first, after }, filter);
      return toConnection(await stores.referral.list(filter, page), page, (row) => [row.id]);
    },
  },
  Patient: {
    referrals: ({ id }, page, { stores }) => stores.referral.ofPatient(id, page),
  },
  Referral: {
    __resolveReference: ({ id }, { stores }) => stores.referral.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    from: ({ fromInstitutionId }) => ({ id: fromInstitutionId }),
    to: ({ toInstitutionId }) => ({ id: toInstitutionId }),
    steps: ({ id }, _args, { stores }) => stores.referral.stepsOf(id),
    checkup: ({ checkupId }, _args, { stores }) =>
      checkupId === null ? null : stores.checkup.find(checkupId),
    referredBy: ({ authorId }) => ({ id: authorId }),
  },
  ReferralStep: { by: ({ authorId }) => ({ id: authorId }) },
  ReferPatientReceipt: {
    referral: (receipt, _args, { stores }) => writtenRecord(receipt, stores.referral.find),
  },
  ChangeReferralStateReceipt: {
    referral: (receipt, _args, { stores }) => writtenRecord(receipt, stores.referral.find),
  },
};
