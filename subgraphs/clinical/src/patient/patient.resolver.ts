import type { Resolvers } from '../../generated/resolvers.ts';

/** A patient of another subgraph; the stores behind the fields decide what is seen of them. */
export interface PatientStub {
  readonly id: string;
  /** Comes with the reference when a field asks for it. */
  readonly birthDate?: string | Date | null;
}

export const patientResolvers: Resolvers = {
  Patient: { __resolveReference: (reference) => reference },
};
