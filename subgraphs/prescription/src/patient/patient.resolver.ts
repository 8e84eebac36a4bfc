import type { Resolvers } from '../../generated/resolvers.ts';

/** The stores behind the fields decide what is seen; a key alone tells nothing. */
export const patientResolvers: Resolvers = {
  Patient: { __resolveReference: ({ id }) => ({ id }) },
  Checkup: { __resolveReference: ({ id }) => ({ id }) },
};
