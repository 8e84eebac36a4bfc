import type { Clock, IdSource } from '@caregraph/clock';
import type { JobStore } from './job-store.ts';
import type { JobOutcome, JobProgress, JobRow, KeyJob } from './key-job.ts';

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
    const { notBefore: _waited, ...rest } = progress;
    const next = await job.step(rest);
    if (next === 'DONE') {
      await jobs.finish(row.id, clock.now());
      onProgress?.({ ...row, ...progress, state: 'DONE' });
      return 'DONE';
    }
    await jobs.save(row.id, next, clock.now());
    progress = next;
    onProgress?.({ ...row, ...progress, state: next.notBefore == null ? 'RUNNING' : 'WAITING' });
  }
}
