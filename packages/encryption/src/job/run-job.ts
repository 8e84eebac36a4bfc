import type { Clock, IdSource } from '@caregraph/clock';
import type { JobStore } from './job-store.ts';
import type { JobLeft, JobOutcome, JobProgress, JobRow, KeyJob } from './key-job.ts';
import { KeyJobError, writeAside } from './set-aside.ts';

export interface JobRunOptions {
  readonly jobs: JobStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Ends the run between two steps. */
  readonly signal?: AbortSignal;
  /** Told after each step, for whoever watches. */
  readonly onProgress?: (job: JobRow) => void;
}

/**
 * Begins a job, or goes on with it where it was, until it is done or has to wait.
 *
 * @throws KeyJobError when something is left that could not be done
 * @example while ((await runJob(job, options)) === 'WAITING') await later();
 */
export async function runJob(job: KeyJob, options: JobRunOptions): Promise<JobOutcome> {
  const outcome = await options.jobs.alone(job, () => run(job, options));
  return outcome ?? 'RUNS_ELSEWHERE';
}

async function run(job: KeyJob, options: JobRunOptions): Promise<JobOutcome> {
  const { jobs, clock, ids, signal, onProgress } = options;
  const { kind, store, subject } = job;
  const row = await jobs.open(ids.next(), { kind, store, subject }, job.begin, clock.now());
  let progress: JobProgress = row;
  for (;;) {
    if (signal?.aborted === true) return 'STOPPED';
    if (progress.notBefore != null && progress.notBefore > clock.now()) return 'WAITING';
    const { next, left } = leftOf(await job.step(begun(progress)));
    if (next === 'DONE') {
      await jobs.finish(row.id, clock.now());
      onProgress?.({ ...row, ...progress, state: 'DONE' });
    } else {
      await jobs.save(row.id, next, clock.now());
      progress = next;
      onProgress?.({ ...row, ...progress, state: next.notBefore == null ? 'RUNNING' : 'WAITING' });
    }
    if (left.length > 0) throw new KeyJobError(job, left);
    if (next === 'DONE') return 'DONE';
  }
}

/** Where a step begins: what it waited for is over, and what was left before is tried again. */
function begun({ notBefore: _waited, ...at }: JobProgress): JobProgress {
  const { left: _left, ...position } = at.position;
  return { ...at, position };
}

/** What is left stays in the job's position, for whoever looks at its state. */
function leftOf(step: JobProgress | 'DONE' | JobLeft): JobLeft {
  if (step === 'DONE' || !('left' in step)) return { next: step, left: [] };
  const { next, left } = step;
  if (next === 'DONE' || left.length === 0) return step;
  return { next: { ...next, position: { ...next.position, left: writeAside(left) } }, left };
}
