import type { Clock } from '@caregraph/clock';
import { KeyServiceError } from '../key-service/key-service-error.ts';
import type { KeyService } from '../key-service/key-service.ts';

/** `grace`: away, and keys that are known go on; `unavailable`: away for longer than that. */
export type KeyServiceState = 'available' | 'grace' | 'unavailable';

/** The key service with an eye on it: who asks while it is away is answered at once. */
export interface KeyServiceWatch {
  /**
   * Calls the service. While it is away one caller at a time gets through, to see whether it is
   * back.
   *
   * @throws KeyServiceError also, at once, when the call was not made
   */
  call<T>(work: (service: KeyService) => Promise<T>): Promise<T>;
  state(): KeyServiceState;
  /** Asks whether the service is there; for readiness, between requests. */
  probe(): Promise<void>;
}

/** After a failure nobody waits for the service again for so long. */
const restMs = 1_000;
/** Longer than a call takes to fail for good by the default deadline; then the next may try. */
const tryMs = 15_000;

export function createKeyServiceWatch(options: {
  readonly service: KeyService;
  readonly clock: Clock;
  /** How long known keys may be used while the service is away, in milliseconds. */
  readonly graceMs: number;
}): KeyServiceWatch {
  const { service, clock, graceMs } = options;
  let awaySinceMs: number | undefined;
  const gate = createGate(clock);

  async function call<T>(work: (service: KeyService) => Promise<T>): Promise<T> {
    const leave = gate.enter();
    try {
      const answer = await work(service);
      awaySinceMs = undefined;
      gate.open();
      return answer;
    } catch (error) {
      if (isAway(error)) {
        awaySinceMs ??= clock.now().getTime();
        // Whoever says no is there: the next may ask for something that is allowed.
        if (error.code === 'KEY_SERVICE_DENIED') gate.open();
        else gate.shut();
      }
      throw error;
    } finally {
      leave();
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
export function isAway(error: unknown): error is KeyServiceError {
  return error instanceof KeyServiceError && error.code !== 'KEY_UNWRAP_REFUSED';
}

/**
 * Threat: a service that hangs takes seconds to fail, and each request waits for it before it goes
 * on with the keys that it has. Defence: once a call has failed, callers are turned away; after a
 * rest one at a time goes through, until one is answered.
 */
function createGate(clock: Clock) {
  let shutAtMs: number | undefined;
  let trying: { readonly sinceMs: number } | undefined;
  const isWithin = (sinceMs: number | undefined, ms: number) => {
    if (sinceMs === undefined) return false;
    const ageMs = clock.now().getTime() - sinceMs;
    // A clock that was set back must not keep it shut.
    return ageMs >= 0 && ageMs < ms;
  };
  return {
    /** @returns what to call when the call has ended; @throws KeyServiceError when turned away */
    enter(): () => void {
      if (shutAtMs === undefined) return () => undefined;
      if (isWithin(shutAtMs, restMs) || isWithin(trying?.sinceMs, tryMs)) {
        throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'it did not answer a moment ago');
      }
      const mine = { sinceMs: clock.now().getTime() };
      trying = mine;
      return () => {
        if (trying === mine) trying = undefined;
      };
    },
    open() {
      shutAtMs = undefined;
    },
    shut() {
      shutAtMs = clock.now().getTime();
    },
  };
}
