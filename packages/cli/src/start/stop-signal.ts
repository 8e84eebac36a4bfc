/** Things to stop, in the reverse order of their starting. */
export interface StopList {
  /** Aborted as soon as stopping begins. */
  readonly signal: AbortSignal;
  add(stop: () => Promise<void>): void;
  run(): Promise<void>;
}

/** Stops what was started when the process is told to end, once, whatever had been reached. */
export function createStopList(): StopList {
  const stops: (() => Promise<void>)[] = [];
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  async function stopAll(): Promise<void> {
    stopping.abort();
    for (const stop of stops.toReversed()) await stop();
  }
  return {
    signal: stopping.signal,
    add: (stop) => void stops.push(stop),
    run: () => (running ??= stopAll()),
  };
}

/**
 * Ends the process cleanly on Ctrl-C and SIGTERM. A second signal ends it at once: the next start
 * recovers by itself.
 */
export function stopOnSignals(list: StopList, say: (line: string) => void): void {
  let asked = false;
  const end = () => {
    if (asked) process.exit(1);
    asked = true;
    say('stopping; once more ends at once');
    list.run().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`stopping failed: ${error instanceof Error ? error.message : 'unknown'}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}
