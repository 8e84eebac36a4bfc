import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, it } from 'vitest';
import { serviceUrl } from './service-url.ts';

const bareMachine = { timeout: 600_000 };

it('brings up a PostgreSQL that production supports', bareMachine, async () => {
  const client = new pg.Client({ connectionString: await serviceUrl('postgres') });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int as version",
    );
    expect(rows[0]?.version).toBeGreaterThanOrEqual(150_000);
  } finally {
    await client.end();
  }
});

it('brings up a Redis that keeps and counts', bareMachine, async () => {
  const redis = new Redis(await serviceUrl('redis'));
  try {
    const key = `testbed:${process.pid}`;
    expect(await redis.incr(key)).toBe(1);
    expect(await redis.incr(key)).toBe(2);
    await redis.del(key);
  } finally {
    redis.disconnect();
  }
});

it('brings up a RabbitMQ that confirms and delivers', bareMachine, async () => {
  const connection = await connect(await serviceUrl('rabbitmq'), { noDelay: true });
  try {
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const received = new Promise<string | undefined>((resolve, reject) => {
      channel
        .consume(queue, (message) => resolve(message?.content.toString('utf8')), { noAck: true })
        .catch(reject);
    });
    channel.sendToQueue(queue, Buffer.from('a visit was recorded'));
    await channel.waitForConfirms();
    expect(await received).toBe('a visit was recorded');
  } finally {
    await connection.close();
  }
});
