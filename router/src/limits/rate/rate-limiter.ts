import type { GraphQLResolveInfo } from 'graphql';
import { getGraphQLRateLimiter, type Identity, type Store } from 'graphql-rate-limit';
import type { Touched } from './rate-policy.ts';
import type { Slots, SlotState, Taking } from './slots.ts';

export type RateVerdict =
  | { readonly kind: 'allowed'; readonly states: readonly SlotState[] }
  | { readonly kind: 'limited'; readonly states: readonly SlotState[] };

/**
 * Judges a request by all policies it touches, through graphql-rate-limit.
 *
 * Threat: the library reads what was counted and writes it back in two steps, so that fifty calls
 * at once all see an empty store and all pass. Here the slots of the whole request are taken in one
 * step first; the store that the library reads answers from that step, and it has nothing to write.
 */
export function createRateLimiter(slots: Slots) {
  return async function judge(
    holder: string,
    requestId: string,
    touched: readonly Touched[],
  ): Promise<RateVerdict> {
    const taking = await slots.take(holder, requestId, touched);
    const limiter = getGraphQLRateLimiter({
      identifyContext: () => holder,
      formatError: ({ fieldName }) => fieldName,
      store: takenSlots(taking),
    });
    const refused = await Promise.all(
      touched.map(({ policy, count }) => {
        const args = { calls: Array.from({ length: count }) };
        // The library reads nothing of a resolver's info but the name of its field.
        const info = { fieldName: policy.name } as GraphQLResolveInfo;
        const { max, windowMs } = policy;
        const limits = { max, window: `${windowMs}ms`, arrayLengthField: 'calls' };
        return limiter({ parent: undefined, args, context: {}, info }, limits);
      }),
    );
    const limited = refused.some((name) => name !== undefined);
    return { kind: limited ? 'limited' : 'allowed', states: taking.states };
  };
}

/** What was counted before this request, as the library wants it: one instant a call. */
function takenSlots({ states }: Taking): Store {
  const used = new Map(states.map((state) => [state.policy.name, state.used]));
  return {
    // Instants beyond any clock: whether a call is still in its window was decided by the slots.
    getForIdentity: ({ fieldIdentity }: Identity) =>
      Array.from({ length: used.get(fieldIdentity) ?? 0 }, () => Number.MAX_SAFE_INTEGER),
    setForIdentity() {},
  };
}
