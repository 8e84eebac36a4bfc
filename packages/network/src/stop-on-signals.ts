import type { Logger } from '@caregraph/observability';

/**
 * Stops a process cleanly on SIGINT and SIGTERM; one that does not stop cleanly says so and fails.
 *
 * @example stopOnSignals(() => router.close(), log);
 */
export function stopOnSignals(stop: () => Promise<void>, log: Logger): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      stop().catch((error: unknown) => {
        log.error('did not stop cleanly', { error });
        process.exitCode = 1;
      });
    });
  }
}
