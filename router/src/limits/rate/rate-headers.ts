import { isFull, type SlotState } from './slots.ts';

/**
 * What an answer says of the tightest policy that its request touched.
 *
 * @param taken whether the request was counted
 * @returns RateLimit-Policy and RateLimit (structured fields), and Retry-After on a refusal
 * @see draft-ietf-httpapi-ratelimit-headers-10; RFC 9651; RFC 9110 §10.2.3
 * @example RateLimit-Policy: "Query.patients";q=300;w=60
 * @example RateLimit: "Query.patients";r=12;t=41
 */
export function rateHeaders(
  states: readonly SlotState[],
  taken: boolean,
): readonly (readonly [string, string])[] {
  const tightest = states.toSorted((a, b) => tightness(b, taken) - tightness(a, taken))[0];
  if (!tightest) return [];
  const { name, max, windowMs } = tightest.policy;
  const seconds = Math.max(1, Math.ceil(tightest.resetMs / 1_000));
  const headers = [
    ['ratelimit-policy', `"${name}";q=${max};w=${windowMs / 1_000}`],
    ['ratelimit', `"${name}";r=${left(tightest, taken)};t=${seconds}`],
  ] as const;
  return taken ? headers : [...headers, ['retry-after', String(seconds)]];
}

/** A policy that refuses is tighter than any other, and more so the longer it does. */
function tightness(state: SlotState, taken: boolean): number {
  if (!taken && isFull(state)) return 1 + state.resetMs;
  return 1 - left(state, taken) / state.policy.max;
}

function left({ policy, used, count }: SlotState, taken: boolean): number {
  return Math.max(0, policy.max - used - (taken ? count : 0));
}
