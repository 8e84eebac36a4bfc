import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Touched } from './rate-policy.ts';
import type { Slots, SlotState } from './slots.ts';

/**
 * One script is one step for Redis, whoever else asks: reading, deciding and writing cannot be
 * parted by another router. Each key is a sorted set of the calls in its window.
 *
 * Threat: routers whose clocks differ would forget each other's calls, so time is Redis' own.
 *
 * KEYS: one a policy. ARGV: the request id, then max, window in ms and count of each policy.
 * Answers 1 or 0 (taken), then `used` and `resetMs` of each policy.
 */
const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {1}
for i, key in ipairs(KEYS) do
  local max, window, count = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local used = redis.call('ZCARD', key)
  if used + count > max then answer[1] = 0 end
  local reset = window
  if count <= max then
    local at = math.max(0, used + count - max - 1)
    local freeing = redis.call('ZRANGE', key, at, at, 'WITHSCORES')
    if freeing[2] then reset = tonumber(freeing[2]) + window - now end
  end
  answer[2 * i] = used
  answer[2 * i + 1] = reset
end
if answer[1] == 1 then
  for i, key in ipairs(KEYS) do
    for call = 1, tonumber(ARGV[3 * i + 1]) do
      redis.call('ZADD', key, now, ARGV[1] .. ':' .. call)
    end
    redis.call('PEXPIRE', key, ARGV[3 * i])
  end
end
return answer`;

const takeDigest = createHash('sha1').update(takeScript).digest('hex');
const answerSchema = z.array(z.number().int()).min(1);

/**
 * Counts calls in Redis, exactly, for any number of routers.
 *
 * @param redis fails fast: no offline queue, a timeout on commands
 * @example const slots = createRedisSlots(redis); await slots.take('field-app/0192…', id, touched);
 */
export function createRedisSlots(redis: Redis): Slots {
  return {
    async take(holder, requestId, touched) {
      // The braces keep all keys of a holder on one node of a cluster: a script may touch no other.
      const place = `caregraph:rate:{${encodeURIComponent(holder)}}`;
      const keys = touched.map(({ policy }) => `${place}:${policy.name}`);
      const limits = touched.flatMap(({ policy, count }) => [policy.max, policy.windowMs, count]);
      const answer = await run(redis, [keys.length, ...keys, requestId, ...limits]);
      const [taken, ...numbers] = answerSchema.parse(answer);
      return { taken: taken === 1, states: touched.map((one, i) => stateOf(one, numbers, i)) };
    },
  };
}

/** A Redis that was restarted has forgotten the script, so then its text is sent again. */
async function run(
  redis: Redis,
  [keys, ...rest]: readonly [number, ...(string | number)[]],
): Promise<unknown> {
  try {
    return await redis.evalsha(takeDigest, keys, ...rest);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return redis.eval(takeScript, keys, ...rest);
  }
}

function stateOf(touched: Touched, numbers: readonly number[], index: number): SlotState {
  const used = numbers[2 * index];
  const resetMs = numbers[2 * index + 1];
  if (used === undefined || resetMs === undefined) throw new Error('Redis answered too little.');
  return { ...touched, used, resetMs };
}
