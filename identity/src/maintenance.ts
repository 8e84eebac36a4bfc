import type { Logger } from '@caregraph/observability';

/** A duty of the process, done again and again. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

export interface Maintenance {
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** Runs each duty by its own clock, never twice at once; a failure is logged and tried again. */
export function createMaintenance(duties: readonly Duty[], log: Logger): Maintenance {
  const timers: NodeJS.Timeout[] = [];
  const underWay = new Set<Promise<void>>();
  let busy: ReadonlySet<string> = new Set();

  function run(duty: Duty): void {
    if (busy.has(duty.name)) return;
    busy = new Set([...busy, duty.name]);
    const work = duty
      .run()
      .catch((error: unknown) => log.error('a duty failed', { reason: duty.name, error }))
      .finally(() => {
        busy = new Set([...busy].filter((name) => name !== duty.name));
        underWay.delete(work);
      });
    underWay.add(work);
  }

  return {
    start() {
      for (const duty of duties) timers.push(setInterval(() => run(duty), duty.everyMs).unref());
    },
    async stop() {
      for (const timer of timers.splice(0)) clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
