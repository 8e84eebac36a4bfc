import type { Clock } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { expectKeysThatFit, settleSealedState, type SealedFields } from '@caregraph/encryption';
import type { Logger } from '@caregraph/observability';
import type { Sealing } from './sealing.ts';

/** Looks after the keys of a running subgraph. */
export interface KeyTending {
  /** @throws Error when the keys are not those that the rows were written with */
  start(): Promise<void>;
  stop(): void;
}

const tendEveryMs = 15_000;

/**
 * Keeps the keys of a subgraph in order while it runs: forgets old ones, asks whether the key service
 * is there, and learns when the last plain value of the store was sealed.
 */
export function createKeyTending(
  fields: SealedFields | undefined,
  deps: {
    readonly pool: DatabasePool;
    readonly sealing: Sealing;
    readonly clock: Clock;
    readonly log: Logger;
  },
): KeyTending {
  const { pool, sealing, clock, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  const tend = () => {
    sealing.keys.tend().catch((error: unknown) => {
      log.warn('the keys could not be tended', { error });
    });
  };
  return {
    async start() {
      if (fields !== undefined) {
        await expectKeysThatFit(pool, fields, sealing.keys);
        const sealed = await settleSealedState(pool, fields, sealing.keys, clock.now());
        if (!sealed) log.warn('some values are not sealed yet: caregraph keys seal-existing');
      }
      timer = setInterval(tend, tendEveryMs).unref();
    },
    stop() {
      clearInterval(timer);
      sealing.keys.close();
    },
  };
}
