/** A timer of Node holds 2^31 ms; Vault's usual lease of 32 days is longer, so we renew daily. */
const longestDelayMs = 24 * 3_600_000;
const shortestDelayMs = 500;
const longestPauseMs = 30_000;
const pauseAfterEndMs = 10_000;

/** Says when the lease is to be prolonged. It does not keep the process alive. */
export interface LeaseTimer {
  /** @param leaseMs 0: it has no end, and nothing is to be done */
  granted(leaseMs: number): void;
  /** @param leftMs of the lease, in which it could not be prolonged; none when it has ended */
  failed(leftMs: number): void;
  stop(): void;
}

/**
 * Threat: processes that ask without pause keep a Vault down that comes back. Defence: while a lease
 * lasts there are few tries in what is left of it; after its end the pauses grow.
 */
export function createLeaseTimer(work: () => Promise<void>): LeaseTimer {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let failuresAfterEnd = 0;
  const after = (delayMs: number) => {
    clearTimeout(timer);
    if (isStopped) return;
    const boundedMs = Math.min(longestDelayMs, Math.max(shortestDelayMs, delayMs));
    timer = setTimeout(() => void work(), boundedMs);
    timer.unref();
  };
  return {
    granted(leaseMs) {
      failuresAfterEnd = 0;
      clearTimeout(timer);
      if (leaseMs !== 0) after((leaseMs * 2) / 3);
    },
    failed(leftMs) {
      if (leftMs <= 0) failuresAfterEnd += 1;
      const pauseMs = leftMs > 0 ? leftMs / 4 : pauseAfterEndMs * failuresAfterEnd;
      after(Math.min(longestPauseMs, pauseMs));
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
