/** What a child process needs to be told, as JSON. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Running {
  /** What the parent needs to know, e.g. where it listens. */
  readonly started: unknown;
  /** Answers a message of the parent. */
  readonly answer?: (message: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Messages from the parent. */
export type Request =
  | { readonly kind: 'start'; readonly settings: Settings }
  | { readonly kind: 'cpu'; readonly id: number }
  | { readonly kind: 'ask'; readonly id: number; readonly message: unknown };

/** Messages to the parent. */
export type Reply =
  | { readonly kind: 'started'; readonly value: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id?: number; readonly reason: string };

/**
 * The main loop of a process that a bench starts: one side of a comparison, or the load on it. It
 * ends when the parent lets go, whatever became of the parent.
 */
export function runChild(start: (settings: Settings) => Promise<Running>): void {
  let running: Running | undefined;
  const tell = (reply: Reply) => void (process.connected && process.send?.(reply));
  // Only the parent, which is this repository's server-process.ts, can send here.
  process.on('message', (message) => void handle(message as Request));
  process.once('disconnect', () => void end());

  async function handle(request: Request): Promise<void> {
    const id = request.kind === 'start' ? {} : { id: request.id };
    try {
      if (request.kind === 'start') {
        running = await start(request.settings);
        return tell({ kind: 'started', value: running.started });
      }
      const value = request.kind === 'cpu' ? cpuMs() : await running?.answer?.(request.message);
      tell({ kind: 'answer', id: request.id, value });
    } catch (error) {
      tell({ kind: 'failed', ...id, reason: error instanceof Error ? (error.stack ?? '') : '?' });
    }
  }

  async function end(): Promise<void> {
    const deadline = setTimeout(() => process.exit(1), 20_000);
    await running?.stop();
    clearTimeout(deadline);
    process.exit(0);
  }
}

/** Milliseconds of processor time that this process has used, on all of its threads. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
