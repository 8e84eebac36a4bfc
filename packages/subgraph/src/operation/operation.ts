import type { z } from 'zod';
import { problemCatalogue, type ProblemCode } from '@caregraph/fault';
import type { EventDraft } from '@caregraph/messaging';
import type { OpenedRecord, RequestContext } from '../context.ts';
import { ownersNamed, subjectsNamed, type Subject } from './key-owners.ts';

/** OperationInput of the SDL, as the scalars hand it over. */
export interface OperationInput {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceSequence: number;
  readonly recordedAt: string;
  readonly clockOffsetMs: number;
  readonly baseVersion?: number | null;
  readonly replaces?: string | null;
}

/** An operation input with its times worked out. */
export interface OperationStamp {
  readonly id: string;
  /** As far as the token proves it: see provenDevice. */
  readonly deviceId: string;
  readonly deviceSequence: number;
  readonly authorId: string;
  /** When it happened: the device's time corrected by its measured offset. */
  readonly recordedAt: Date;
  readonly receivedAt: Date;
  readonly baseVersion: number | undefined;
}

export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly field?: string;
}

/** One row for the change log: what the feeds will tell. */
export interface Change {
  readonly typename: string;
  readonly entityId: string;
  readonly version: number;
  readonly areaBefore?: string | null;
  readonly areaAfter?: string | null;
}

/** A field that two people changed, with the value that does not show. */
export interface KeptConflict {
  readonly typename: string;
  readonly entityId: string;
  readonly field: string;
  readonly shown: 'SERVER' | 'DEVICE';
  readonly kept: unknown;
}

export type AppliedVerdict = 'APPLIED' | 'MERGED' | 'CONFLICT' | 'PROVISIONAL';
export type Verdict = AppliedVerdict | 'QUARANTINED' | 'REJECTED';

/** The effect of an operation that was taken. */
export interface AppliedOutcome {
  readonly verdict: AppliedVerdict;
  readonly entityId: string;
  readonly version: number;
  readonly problems?: readonly Problem[];
  readonly changes: readonly Change[];
  readonly events?: readonly EventDraft[];
  readonly conflicts?: readonly KeptConflict[];
  /** Whose record was written: leaves an audit intent. Left out for records of nobody. */
  readonly patientId?: string;
  /** Whose records were written besides: the other side of a relationship, a household's members. */
  readonly otherPatientIds?: readonly string[];
  /** The grant that the operation made, so that its audit says so. */
  readonly breakGlass?: OpenedRecord;
}

/** An operation that was refused, or kept for a supervisor. Its effect is rolled back. */
export interface RefusedOutcome {
  readonly verdict: 'QUARANTINED' | 'REJECTED';
  readonly problems: readonly [Problem, ...Problem[]];
  readonly patientId?: string;
}

export type Outcome = AppliedOutcome | RefusedOutcome;

/** Tells what was taken from what was refused. */
export function isApplied(outcome: Outcome): outcome is AppliedOutcome {
  return 'changes' in outcome;
}

export interface OperationCall<TContext, TTx, TInput> {
  readonly ctx: TContext;
  /** The open transaction: everything that the operation writes goes through it. */
  readonly tx: TTx;
  readonly input: TInput;
  readonly stamp: OperationStamp;
}

/** One replayable write: its name, what it takes and what it does. The SDL says who may. */
export interface Operation<TContext extends RequestContext, TTx> {
  /** Name of the mutation and of the member in the batch input, e.g. `registerPatient`. */
  readonly name: string;
  /** Whose keys it seals with, read from its input as it came: they are fetched before it begins. */
  keyOwners(payload: unknown): readonly string[];
  /** Whom its input names: nothing is recorded about somebody who was erased. */
  subjects(payload: unknown): readonly Subject[];
  run(call: OperationCall<TContext, TTx, unknown>): Promise<Outcome>;
}

/**
 * Defines an operation whose input is checked before it runs.
 *
 * @param definition.input a zod schema; what it refuses becomes INPUT_INVALID problems
 * @param definition.owner member of the input that names whose keys it seals with; `patientId`
 *   when left out
 * @example defineOperation({ name: 'registerPatient', input: registerPatientInput, run })
 */
export function defineOperation<TContext extends RequestContext, TTx, TInput>(definition: {
  name: string;
  input: z.ZodType<TInput>;
  owner?: keyof TInput & string;
  run(call: OperationCall<TContext, TTx, TInput>): Promise<Outcome>;
}): Operation<TContext, TTx> {
  const owner = definition.owner ?? 'patientId';
  return {
    name: definition.name,
    keyOwners: (payload) => ownersNamed(payload, [owner]),
    subjects: (payload) => subjectsNamed(payload, owner),
    async run(call) {
      const parsed = definition.input.safeParse(call.input);
      if (!parsed.success) return inputInvalid(parsed.error);
      return definition.run({ ...call, input: parsed.data });
    },
  };
}

function inputInvalid(error: z.ZodError): RefusedOutcome {
  const [first, ...rest] = error.issues.map((issue) => problemOfIssue(issue));
  return { verdict: 'REJECTED', problems: [first ?? problem('INPUT_INVALID'), ...rest] };
}

/** A refinement may name its own problem code in `params.code`. Messages never quote the value. */
function problemOfIssue(issue: z.core.$ZodIssue): Problem {
  const named = issue.code === 'custom' ? (issue.params?.['code'] as unknown) : undefined;
  return problem(isProblemCode(named) ? named : 'INPUT_INVALID', issue.path.join('.'));
}

function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(problemCatalogue, code);
}

/** A problem with the catalogue's message. */
export function problem(code: ProblemCode, field?: string): Problem {
  const message = problemCatalogue[code];
  return field === undefined || field === '' ? { code, message } : { code, message, field };
}

/** A refusal with one problem. */
export function rejected(code: ProblemCode, field?: string): RefusedOutcome {
  return { verdict: 'REJECTED', problems: [problem(code, field)] };
}
