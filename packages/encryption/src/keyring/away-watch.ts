import type { Clock } from '@caregraph/clock';
import { isTransientDatabaseFault } from '@caregraph/database';
import type { KeyServiceState } from './key-service-watch.ts';

/** The key database with an eye on it, as the key service has one. */
export interface AwayWatch {
  state(): KeyServiceState;
  /** Asks whether it is there. */
  probe(): Promise<void>;
}

/**
 * @param options.graceMs how long known keys may be used while it is away, in milliseconds
 * @param ask fails with a transient fault of the database while it is away
 */
export function createAwayWatch(
  { clock, graceMs }: { readonly clock: Clock; readonly graceMs: number },
  ask: () => Promise<unknown>,
): AwayWatch {
  let awaySinceMs: number | undefined;
  return {
    state() {
      if (awaySinceMs === undefined) return 'available';
      return clock.now().getTime() - awaySinceMs <= graceMs ? 'grace' : 'unavailable';
    },
    async probe() {
      try {
        await ask();
        awaySinceMs = undefined;
      } catch (error) {
        if (!isTransientDatabaseFault(error)) throw error;
        awaySinceMs ??= clock.now().getTime();
      }
    },
  };
}

const order: readonly KeyServiceState[] = ['available', 'grace', 'unavailable'];

/** The worse of two states. */
export function worse(one: KeyServiceState, other: KeyServiceState): KeyServiceState {
  return order.indexOf(one) >= order.indexOf(other) ? one : other;
}
