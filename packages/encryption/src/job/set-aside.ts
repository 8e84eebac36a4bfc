import type { JobName, JobProgress } from './key-job.ts';

/** A row or key that a job could not do, and why: names and ids, never a value. */
export interface SetAside {
  /** The model of a row, or the table of a key. */
  readonly place: string;
  readonly id: string;
  /** The code of the fault. */
  readonly code: string;
}

/** More than these are no damage here and there: e.g. a key database that is older than its store. */
const most = 1_000;

/**
 * A job that went past what it could not do, and is done with the rest. What is left is as it was.
 */
export class KeyJobError extends Error {
  readonly code = 'KEY_JOB_LEFT';
  readonly left: readonly SetAside[];

  constructor({ kind, store }: Pick<JobName, 'kind' | 'store'>, left: readonly SetAside[]) {
    const names = left.map(({ place, id, code }) => `${place} ${id} (${code})`).join(', ');
    super(`${kind} ${store} left ${left.length} as they are: ${names}`);
    this.name = 'KeyJobError';
    this.left = left;
  }
}

/** What a job has set aside so far. */
export function asideOf({ position }: Pick<JobProgress, 'position'>): readonly SetAside[] {
  return readAside(position['aside']);
}

export function idsOf(aside: readonly SetAside[]): string[] {
  return aside.map(({ id }) => id);
}

/**
 * Notes what a job goes past, in its position.
 *
 * @throws KeyJobError when it is more than single damage explains
 */
export function setAside(at: JobProgress, name: JobName, more: readonly SetAside[]): JobProgress {
  if (more.length === 0) return at;
  const known = [...asideOf(at), ...more];
  const all = [...new Map(known.map((one) => [`${one.place}/${one.id}`, one])).values()];
  if (all.length > most) throw new KeyJobError(name, all);
  return { ...at, position: { ...at.position, aside: writeAside(all) } };
}

export function writeAside(all: readonly SetAside[]): string {
  return all.map(({ place, id, code }) => `${place}/${id}/${code}`).join(' ');
}

export function readAside(text = ''): readonly SetAside[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((one) => {
      const [place = '', id = '', code = ''] = one.split('/');
      return { place, id, code };
    });
}
