import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { runChild } from '../process/child.ts';
import { loadOrder, type LoadOrder, type LoadResult } from './load-order.ts';

/** Sends the same request again and again over kept-alive connections, and times each answer. */
runChild(async () => ({
  started: {},
  answer: (message) => run(loadOrder.parse(message)),
  stop: async () => {},
}));

async function run(order: LoadOrder): Promise<LoadResult> {
  const { origin, pathname, search } = new URL(order.url);
  const pool = new Pool(origin, { connections: order.concurrency, pipelining: 1 });
  const latenciesMs: number[] = [];
  let sample: string | undefined;
  const begun = performance.now();
  const until = begun + order.durationMs;
  let left = order.maxRequests;

  async function client(): Promise<void> {
    while (left > 0 && performance.now() < until) {
      left -= 1;
      const sent = performance.now();
      const answer = await pool.request({
        path: pathname + search,
        method: order.method,
        headers: order.headers,
        ...(order.body === undefined ? {} : { body: order.body }),
      });
      const text = await answer.body.text();
      latenciesMs.push(performance.now() - sent);
      sample ??= text;
      const wrong = answer.statusCode !== 200 || text !== sample;
      if (wrong) throw new Error(`answer ${latenciesMs.length} differs: ${answer.statusCode}`);
    }
  }

  try {
    await Promise.all(Array.from({ length: order.concurrency }, client));
    const elapsedMs = performance.now() - begun;
    return { latenciesMs, elapsedMs, sample: sample ?? '' };
  } finally {
    await pool.close();
  }
}
