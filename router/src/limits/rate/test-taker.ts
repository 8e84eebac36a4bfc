import { Redis } from 'ioredis';
import { createRateLimiter } from './rate-limiter.ts';
import { createRedisSlots } from './redis-slots.ts';

/** A process of its own that asks for slots all at once, for tests: prints how many it got. */
const [url = '', holder = '', calls = '0', max = '0'] = process.argv.slice(2);
const redis = new Redis(url);
await redis.ping();
const judge = createRateLimiter(createRedisSlots(redis));
const policy = { name: 'Query.one', max: Number(max), windowMs: 60_000 };
process.stdout.write('ready\n');
process.stdin.once('data', () => void takeAll());

async function takeAll(): Promise<void> {
  const verdicts = await Promise.all(
    Array.from({ length: Number(calls) }, (_, i) =>
      judge(holder, `${process.pid}-${i}`, [{ policy, count: 1 }]),
    ),
  );
  process.stdout.write(`${verdicts.filter(({ kind }) => kind === 'allowed').length}\n`);
  redis.disconnect();
  process.stdin.destroy();
}
