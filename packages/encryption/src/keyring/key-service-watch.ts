import type { Clock } from '@caregraph/clock';
import { KeyServiceError } from '../key-service/key-service-error.ts';
import type { KeyService } from '../key-service/key-service.ts';

/** `grace`: away, and keys that are known go on; `unavailable`: away for longer than that. */
export type KeyServiceState = 'available' | 'grace' | 'unavailable';

/** The key service with an eye on it: who asks while it is away is answered at once. */
export interface KeyServiceWatch {
  /** Calls the service, unless it failed a moment ago. @throws KeyServiceError */
  call<T>(work: (service: KeyService) => Promise<T>): Promise<T>;
  state(): KeyServiceState;
  /** Asks whether the service is there; for readiness, between requests. */
  probe(): Promise<void>;
}

/** After a failure nobody waits for the service again for so long. */
const restMs = 1_000;

export function createKeyServiceWatch(options: {
  readonly service: KeyService;
  readonly clock: Clock;
  /** How long known keys may be used while the service is away, in milliseconds. */
  readonly graceMs: number;
}): KeyServiceWatch {
  const { service, clock, graceMs } = options;
  let awaySinceMs: number | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function call<T>(work: (service: KeyService) => Promise<T>): Promise<T> {
    const nowMs = clock.now().getTime();
    if (nowMs - failedAtMs < restMs) {
      throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'it did not answer a moment ago');
    }
    try {
      const answer = await work(service);
      awaySinceMs = undefined;
      return answer;
    } catch (error) {
      if (isAway(error)) {
        failedAtMs = clock.now().getTime();
        awaySinceMs ??= failedAtMs;
      }
      throw error;
    }
  }

  return {
    call,
    state() {
      if (awaySinceMs === undefined) return 'available';
      return clock.now().getTime() - awaySinceMs <= graceMs ? 'grace' : 'unavailable';
    },
    async probe() {
      await call((asked) => asked.currentVersion()).catch((error: unknown) => {
        // Its state is the answer; what is not the service's own fault must not hide.
        if (!(error instanceof KeyServiceError)) throw error;
      });
    },
  };
}

/** Every fault of the service but the refusal of one key says that it cannot be worked with. */
export function isAway(error: unknown): boolean {
  return error instanceof KeyServiceError && error.code !== 'KEY_UNWRAP_REFUSED';
}
