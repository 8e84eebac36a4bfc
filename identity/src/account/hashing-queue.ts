/** What a full queue answers instead of doing the work. */
export interface Busy {
  readonly kind: 'busy';
}

export interface HashingQueue {
  /** Runs the work when a place is free. @returns the work's answer, or busy at once */
  run<T>(work: () => Promise<T>): Promise<{ readonly kind: 'done'; readonly value: T } | Busy>;
  /** How many wait for a place, for metrics. */
  readonly waiting: number;
}

export interface HashingQueueOptions {
  /** How many hashes are computed at once; each takes a thread and 19 MiB. */
  readonly concurrency: number;
  /** How many may wait; the next one is told that we are busy. */
  readonly maxWaiting: number;
}

/**
 * Bounds the hashing of passwords.
 *
 * Threat: a flood of sign-ins, each worth a twentieth of a second of a core and 19 MiB, starves
 * everything else that the process does. Defence: a few at once, a short line, and the rest are
 * refused before any work is done for them.
 *
 * @example const answer = await queue.run(() => hashPassword(password));
 */
export function createHashingQueue({ concurrency, maxWaiting }: HashingQueueOptions): HashingQueue {
  let running = 0;
  const line: (() => void)[] = [];
  return {
    get waiting() {
      return line.length;
    },
    async run(work) {
      if (running >= concurrency) {
        if (line.length >= maxWaiting) return { kind: 'busy' };
        // The place is handed over by the one that leaves, so that nobody slips in between.
        await new Promise<void>((resolve) => line.push(resolve));
      } else {
        running += 1;
      }
      try {
        return { kind: 'done', value: await work() };
      } finally {
        const next = line.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
