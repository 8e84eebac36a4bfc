import type { Touched } from './rate-policy.ts';

/** What became of one policy that a request touches. */
export interface SlotState extends Touched {
  /** Calls in the window before this request. */
  readonly used: number;
  /** Until there is room again for as many calls, or for one more, in milliseconds. */
  readonly resetMs: number;
}

/** All slots of a request, or none of them. */
export interface Taking {
  readonly taken: boolean;
  readonly states: readonly SlotState[];
}

/**
 * Counts calls in sliding windows. `take` is one step: whoever asks at the same moment sees it done
 * or not begun, and a refused request takes nothing, so asking again does not prolong the wait.
 */
export interface Slots {
  /**
   * @param holder whose calls are counted
   * @param requestId unique
   */
  take(holder: string, requestId: string, touched: readonly Touched[]): Promise<Taking>;
}

/** Whether a policy alone would refuse the request. */
export function isFull({ policy, used, count }: SlotState): boolean {
  return used + count > policy.max;
}
