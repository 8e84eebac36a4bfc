/** The only source of wall-clock time; tests and simulations pass their own. */
export interface Clock {
  /** The current instant. */
  now(): Date;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };

/**
 * A clock that stands still until it is told to move, for tests and replayed seeds.
 *
 * @param start the first instant it shows
 * @example const clock = fixedClock(new Date('2026-01-01T00:00:00Z')); clock.advance(60_000);
 */
export function fixedClock(start: Date): Clock & { advance(ms: number): void } {
  let current = start.getTime();
  return {
    now: () => new Date(current),
    advance: (ms) => {
      current += ms;
    },
  };
}
