import type { Clock } from '@caregraph/clock';
import type { Touched } from './rate-policy.ts';
import { isFull, type Slots, type SlotState } from './slots.ts';

export interface MemorySlots extends Slots {
  /** Writes down calls that were counted elsewhere, so that taking over does not start from none. */
  note(holder: string, touched: readonly Touched[]): void;
}

/** How many keys are kept before those that ended are looked for. */
const sweepAt = 10_000;

/**
 * Counts calls in this process: for a deployment of one router, and while Redis is away.
 *
 * @example const slots = createMemorySlots(systemClock);
 */
export function createMemorySlots(clock: Clock): MemorySlots {
  const calls = new Map<string, { stamps: number[]; windowMs: number }>();
  let sweepSize = sweepAt;

  function stampsOf(holder: string, { policy }: Touched, now: number): number[] {
    const key = `${holder} ${policy.name}`;
    const entry = calls.get(key) ?? { stamps: [], windowMs: policy.windowMs };
    const inWindow = entry.stamps.findIndex((stamp) => stamp > now - policy.windowMs);
    entry.stamps.splice(0, inWindow === -1 ? entry.stamps.length : inWindow);
    calls.set(key, entry);
    return entry.stamps;
  }

  /** Threat: each user that ever came would stay in memory. */
  function sweep(now: number): void {
    if (calls.size < sweepSize) return;
    for (const [key, { stamps, windowMs }] of calls) {
      if ((stamps.at(-1) ?? 0) <= now - windowMs) calls.delete(key);
    }
    sweepSize = Math.max(sweepAt, calls.size * 2);
  }

  function stateOf(holder: string, touched: Touched, now: number): SlotState {
    const stamps = stampsOf(holder, touched, now);
    const { policy, count } = touched;
    const leaving = Math.max(0, stamps.length + count - policy.max - 1);
    const freedBy = count > policy.max ? now : (stamps[leaving] ?? now);
    return { ...touched, used: stamps.length, resetMs: freedBy + policy.windowMs - now };
  }

  function add(holder: string, touched: readonly Touched[], now: number): void {
    for (const one of touched) {
      stampsOf(holder, one, now).push(...Array.from({ length: one.count }, () => now));
    }
  }

  return {
    async take(holder, _requestId, touched) {
      const now = clock.now().getTime();
      sweep(now);
      const states = touched.map((one) => stateOf(holder, one, now));
      const taken = !states.some(isFull);
      if (taken) add(holder, touched, now);
      return { taken, states };
    },
    note: (holder, touched) => add(holder, touched, clock.now().getTime()),
  };
}
