import { createServer, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type Service } from '@caregraph/testbed';
import {
  clinicalSdl,
  composeFixtures,
  patientSdl,
  startStack,
  type Stack,
  type StackOptions,
} from '../test-stack.ts';
import { defaultLimits, type LimitsConfig } from './limits-config.ts';

const links = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cost", "@listSize", "@composeDirective"])
  @link(url: "https://specs.caregraph.org/rateLimit/v1.0", import: ["@rateLimit"])
  @composeDirective(name: "@rateLimit")
directive @rateLimit(max: Int!, windowS: Int!) on FIELD_DEFINITION`;

/** The fixtures' subgraphs with limits on their fields. */
const supergraphSdl = composeFixtures(
  patientSdl
    .replace(/^extend schema.*$/m, links)
    .replace('patients: [Patient!]', 'patients: [Patient!] @listSize(assumedSize: 100)'),
  clinicalSdl
    .replace(/^extend schema.*$/m, links)
    .replace('checkupCount: Int!', 'checkupCount: Int! @rateLimit(max: 3, windowS: 60)')
    .replace('checkups: [Checkup!]', 'checkups: [Checkup!] @listSize(assumedSize: 50)'),
);

const stacks: Stack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.stop();
});

/** A router, and how often it asked the clinical subgraph. */
async function start(limits: Partial<LimitsConfig> = {}, options: StackOptions = {}) {
  let calls = 0;
  const stack = await startStack({
    supergraphSdl,
    config: { limits: { ...defaultLimits, ...limits } },
    reach: (clinical) => ({
      ...clinical,
      execute: (request) => {
        calls += 1;
        return clinical.execute(request);
      },
    }),
    ...options,
  });
  stacks.push(stack);
  return { stack, calls: () => calls };
}

const errorOf = ({ body }: Awaited<ReturnType<Stack['ask']>>) => body.errors?.[0]?.extensions;

describe('documents', () => {
  test.each([
    ['tokens', `{ ${'checkupCount '.repeat(3_000)} }`],
    ['root-fields', `{ ${'__typename '.repeat(500)} }`],
    ['aliases', `{ patients { ${Array.from({ length: 31 }, (_, i) => `a${i}: id`).join(' ')} } }`],
    ['depth', `{ patients ${'{ id '.repeat(20)}${'} '.repeat(20)} }`],
    ['directives', `{ checkupCount ${'@nobody'.repeat(10)} }`],
    ['fields', `{ patients { ${'id '.repeat(1_600)} } }`],
    ['fragment-cycle', '{ ...F } fragment F on Query { checkupCount ...F }'],
  ])(
    'over the limit of %s: 400 in words of our own, and no subgraph is asked',
    async (limit, text) => {
      const { stack, calls } = await start();
      const answer = await stack.ask(text);
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toHaveLength(1);
      expect(errorOf(answer)).toMatchObject({ code: 'DOCUMENT_LIMIT_EXCEEDED', limit });
      expect(calls()).toBe(0);
    },
  );

  test('parse and validation failures stay what they are', async () => {
    const { stack } = await start();
    const parsing = await stack.ask('{ patients {');
    expect([parsing.status, errorOf(parsing)?.['code']]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
    const valid = await stack.ask('{ nobody }');
    expect([valid.status, errorOf(valid)?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });
});

describe('cost', () => {
  const dear = '{ patients { checkups { systolicMmHg } } }';
  const dearCost = 100 * (1 + 50 * 1);

  test('over budget is refused with both, also when the document is known', async () => {
    const { stack, calls } = await start({ costBudget: dearCost - 1 });
    for (let i = 0; i < 2; i += 1) {
      const answer = await stack.ask(dear);
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toMatchObject({
        code: 'COST_EXCEEDED',
        cost: dearCost,
        budget: dearCost - 1,
      });
    }
    expect(calls()).toBe(0);
  });

  test('within budget is answered', async () => {
    const { stack } = await start({ costBudget: dearCost });
    expect((await stack.ask(dear)).status).toBe(200);
  });

  test('a new supergraph brings its own costs', async () => {
    const { stack } = await start({ costBudget: 200 });
    expect((await stack.ask('{ patients { id } }')).status).toBe(200);
    await stack.router.update(supergraphSdl.replace('assumedSize: 100', 'assumedSize: 201'));
    expect(errorOf(await stack.ask('{ patients { id } }'))).toMatchObject({
      code: 'COST_EXCEEDED',
      cost: 201,
    });
  });
});

describe('rate', () => {
  test('of 50 requests at once, 3 reach the subgraph', async () => {
    const { stack, calls } = await start();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => stack.ask('{ checkupCount }')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(47);
    expect(calls()).toBe(3);
  });

  test('headers tell what is left, and when to come again', async () => {
    const { stack } = await start();
    const first = await stack.ask('{ checkupCount }');
    expect(first.headers.get('ratelimit-policy')).toBe('"Query.checkupCount";q=3;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"Query.checkupCount";r=2;t=\d+$/);
    expect(first.headers.get('retry-after')).toBeNull();
    await stack.ask('{ a: checkupCount b: checkupCount }');
    const refused = await stack.ask('{ checkupCount }');
    expect(refused.status).toBe(429);
    expect(errorOf(refused)?.['code']).toBe('RATE_LIMITED');
    expect(refused.headers.get('ratelimit')).toMatch(/^"Query.checkupCount";r=0;t=\d+$/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  test('aliases count each, through fragments too', async () => {
    const { stack, calls } = await start();
    const answer = await stack.ask(
      '{ a: checkupCount ...F } fragment F on Query { b: checkupCount ... { c: checkupCount d: checkupCount } }',
    );
    expect(answer.status).toBe(429);
    expect(calls()).toBe(0);
    expect((await stack.ask('{ checkupCount @skip(if: true) patients { id } }')).status).toBe(200);
  });

  test('another user is not held up, and fields without a limit are not', async () => {
    const { stack } = await start();
    for (let i = 0; i < 4; i += 1) await stack.ask('{ checkupCount }');
    const other = await stack.tokens.issue({ ...stack.subject, id: crypto.randomUUID() });
    const headers = { authorization: `Bearer ${other}` };
    expect((await stack.ask('{ checkupCount }', { headers })).status).toBe(200);
    expect((await stack.ask('{ patients { id } }')).status).toBe(200);
  });

  test('all requests of a user have a limit', async () => {
    const { stack } = await start({ requestsPerMinute: 5 });
    const answers = [];
    for (let i = 0; i < 6; i += 1) answers.push(await stack.ask('{ patients { id } }'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"requests";q=5;w=60');
  });
});

describe('with Redis', () => {
  let redis: Service;
  beforeAll(async () => {
    redis = await startRedis();
  }, 120_000);
  afterAll(() => redis.stop());

  /** Between the router and Redis; can be cut, and can fall silent. */
  async function startCable() {
    const sockets = new Set<Socket>();
    let state: 'through' | 'silent' | 'cut' = 'through';
    const server = createServer((near) => {
      if (state === 'cut') return void near.destroy();
      const far = connect(Number(new URL(redis.url).port), '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => [near, far].forEach((end) => end.destroy()));
      }
      near.on('data', (data) => state === 'through' && far.write(data));
      far.on('data', (data) => state === 'through' && near.write(data));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const cut = () => sockets.forEach((socket) => socket.destroy());
    return {
      url: `redis://127.0.0.1:${port}`,
      become(next: typeof state) {
        state = next;
        if (next === 'cut') cut();
      },
      stop() {
        cut();
        server.close();
      },
    };
  }

  const placeOf = async ({ url }: Stack) => {
    const answer = await fetch(`${url}/ready`);
    const { limits } = (await answer.json()) as { limits: string };
    return [answer.status, limits];
  };

  test('of 50 requests at once to two routers, 3 pass', async () => {
    const options = { redisUrl: redis.url };
    const routers = [await start({}, options), await start({}, options)];
    const subject = { ...routers[0]?.stack.subject, id: crypto.randomUUID() } as Stack['subject'];
    const tokens = await Promise.all(routers.map(({ stack }) => stack.tokens.issue(subject)));
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const headers = { authorization: `Bearer ${tokens[i % 2]}` };
        return routers[i % 2]?.stack.ask('{ checkupCount }', { headers });
      }),
    );
    expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(3);
    for (const { stack } of routers) expect(await placeOf(stack)).toEqual([200, 'redis']);
  });

  test.each(['cut', 'silent'] as const)(
    'when Redis is %s, requests are answered and limits hold, and it comes back',
    async (fate) => {
      const cable = await startCable();
      const { stack } = await start({ requestsPerMinute: 1_000 }, { redisUrl: cable.url });
      await expect.poll(() => placeOf(stack), { timeout: 10_000 }).toEqual([200, 'redis']);
      expect((await stack.ask('{ checkupCount }')).status).toBe(200);

      cable.become(fate);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => stack.ask('{ patients { id } }')),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(await placeOf(stack)).toEqual([200, 'local']);
      // The one call that Redis counted was noted here as well.
      const limited = [];
      for (let i = 0; i < 4; i += 1) limited.push((await stack.ask('{ checkupCount }')).status);
      expect(limited).toEqual([200, 200, 429, 429]);

      cable.become('through');
      await expect.poll(() => placeOf(stack), { timeout: 20_000 }).toEqual([200, 'redis']);
      expect((await stack.ask('{ patients { id } }')).status).toBe(200);
      await stack.stop();
      stacks.length = 0;
      cable.stop();
    },
    40_000,
  );

  test('a Redis that is away from the start keeps nobody out', async () => {
    const cable = await startCable();
    cable.become('cut');
    const { stack } = await start({}, { redisUrl: cable.url });
    expect((await stack.ask('{ checkupCount }')).status).toBe(200);
    expect(await placeOf(stack)).toEqual([200, 'local']);
    cable.stop();
  });
});
