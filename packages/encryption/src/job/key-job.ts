import type { SetAside } from './set-aside.ts';

/** What a job is about; at most one of its kind, store and subject is open at a time. */
export interface JobName {
  /** `rotate-kek`, `rotate-partitions`, … */
  readonly kind: string;
  /** Name of a subgraph; empty for a job of all of them. */
  readonly store: string;
  /** What it works on within the store: an owner, a `Model.column`; empty when there is but one. */
  readonly subject: string;
}

/** How far a job is, as it is kept in the key database. */
export interface JobProgress {
  readonly phase: string;
  /** Where the phase is: ids and versions, never data. */
  readonly position: Readonly<Record<string, string>>;
  readonly done: number;
  readonly total: number | null;
  /** Not to be gone on with before; nothing is wrong meanwhile. */
  readonly notBefore?: Date | undefined;
}

export interface JobRow extends JobName, JobProgress {
  readonly id: string;
  readonly state: 'RUNNING' | 'WAITING' | 'DONE';
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
}

/**
 * A job in small steps. Each step may be repeated: a process may be killed after it did its work and
 * before it could say so.
 */
export interface KeyJob extends JobName {
  /** How it begins; may count what there is to do. */
  begin(): Promise<JobProgress>;
  /** Does a little and tells where it is now; `DONE` when nothing is left. */
  step(at: JobProgress): Promise<JobProgress | 'DONE' | JobLeft>;
}

/** The rest is done. The run ends with a fault that names what could not be. */
export interface JobLeft {
  readonly left: readonly SetAside[];
  /** Where the next run goes on; `DONE` when the job is over all the same. */
  readonly next: JobProgress | 'DONE';
}

/** How a run of a job ended. */
export type JobOutcome = 'DONE' | 'WAITING' | 'RUNS_ELSEWHERE' | 'STOPPED';
