import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { KeyServiceError } from './key-service-error.ts';

/** KEY_SERVICE_UNAVAILABLE of a kind that may be gone in a moment. */
export class ServiceUnavailable extends KeyServiceError {
  /** What the service asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(explanation: string, retryAfterMs?: number) {
    super('KEY_SERVICE_UNAVAILABLE', explanation);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Waits that many milliseconds; tests pass one that does not. */
export type Wait = (ms: number) => Promise<void>;

export const realWait: Wait = async (ms) => {
  await pause(ms);
};

const maxAttempts = 3;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Tries what may be tried again, at most three times. Only for calls that change nothing.
 *
 * Threat: a service that comes back meets all its callers at the same instant and goes down again.
 * Defence: pauses grow and are random within their upper half.
 *
 * @throws KeyServiceError the last one
 */
export async function withRetries<T>(attempt: () => Promise<T>, wait: Wait): Promise<T> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || made >= maxAttempts) throw error;
      await wait(pauseBefore(made, error.retryAfterMs));
    }
  }
}

function pauseBefore(retry: number, askedMs = 0): number {
  const upToMs = firstPauseMs * 2 ** retry;
  const ownMs = randomInt(upToMs / 2, upToMs);
  return Math.min(longestPauseMs, Math.max(askedMs, ownMs));
}
