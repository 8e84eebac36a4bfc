import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `probe` every `everyMs` milliseconds until it answers something other than undefined, at
 * most `timeoutMs` milliseconds long; undefined when it never did. The deadline is monotonic, so a
 * stepped wall clock neither shortens nor stretches it.
 *
 * @example await pollUntil(async () => ((await isGone(pid)) ? true : undefined), { timeoutMs: 5_000 })
 */
export async function pollUntil<T>(
  probe: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 10 }: { timeoutMs: number; everyMs?: number },
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined || performance.now() >= deadline) return answer;
    await delay(everyMs);
  }
}
