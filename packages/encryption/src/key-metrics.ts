import type { Metrics, Sample } from '@caregraph/observability';
import type { JobStore } from './job/job-store.ts';
import type { JobRow } from './job/key-job.ts';
import type { KeyServiceWatch } from './keyring/key-service-watch.ts';
import type { StoreKeys } from './store-keys.ts';

/** Tells of the keys of a process: whether they can be had, how many are open, how far jobs are. */
export function observeKeys(
  metrics: Metrics,
  from: {
    readonly watch: KeyServiceWatch;
    readonly stores: readonly StoreKeys[];
    readonly jobs: JobStore;
  },
): void {
  const { watch, stores, jobs } = from;
  metrics.observe('caregraph_key_service_up', 'Whether the key service answers.', async () => {
    const state = watch.state();
    return [{ labels: { state }, value: state === 'available' ? 1 : 0 }];
  });
  metrics.observe('caregraph_unwrapped_keys', 'Data keys in the memory of this process.', () =>
    Promise.resolve(
      stores.map(({ store, keyring }) => ({ labels: { store }, value: keyring.size() })),
    ),
  );
  const ofJobs = (name: string, help: string, value: (job: JobRow) => number | null) => {
    metrics.observe(name, help, async () => summed(await jobs.openJobs(), value));
  };
  ofJobs('caregraph_key_job_done', 'Keys or rows that an open job has done.', (job) => job.done);
  ofJobs(
    'caregraph_key_job_total',
    'Keys or rows that an open job began with.',
    (job) => job.total,
  );
}

/** Jobs of one kind on many subjects are one number: a subject is an id, and no label. */
function summed(jobs: readonly JobRow[], value: (job: JobRow) => number | null): Sample[] {
  const sums = new Map<string, Sample>();
  for (const job of jobs) {
    const number = value(job);
    if (number === null) continue;
    const { kind, store, phase, state } = job;
    const name = [kind, store, phase, state].join(' ');
    const before = sums.get(name)?.value ?? 0;
    sums.set(name, { labels: { kind, store, phase, state }, value: before + number });
  }
  return [...sums.values()];
}
