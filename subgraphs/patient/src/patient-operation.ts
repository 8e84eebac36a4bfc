import type { z } from 'zod';
import {
  defineOperation,
  type Operation,
  type OperationStamp,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from './client.ts';
import type { PatientContext } from './context.ts';

export type PatientOperation = Operation<PatientContext, StoreTx>;

/** What the effect of an operation gets. */
export interface PatientCall<TInput> {
  readonly ctx: PatientContext;
  readonly tx: StoreTx;
  readonly input: TInput;
  readonly stamp: OperationStamp;
}

/** Defines an operation of this subgraph. */
export function patientOperation<TInput>(definition: {
  readonly name: string;
  readonly input: z.ZodType<TInput>;
  /** Member of the input that names whose keys it seals with; `patientId` when left out. */
  readonly owner?: keyof TInput & string;
  run(call: PatientCall<TInput>): Promise<Outcome>;
}): PatientOperation {
  return defineOperation<PatientContext, StoreTx, TInput>(definition);
}
