import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { systemClock as clock } from '@caregraph/clock';
import { createLogger, type Logger } from '@caregraph/observability';
import { startRedis } from '@caregraph/testbed';
import { connectVerifier } from './connect-verifier.ts';

/** A verifier as a process makes it, and the warnings that it gave at the start. */
async function connect(redisUrl: string | undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'caregraph-keys-'));
  const file = join(folder, 'keys.json');
  await writeFile(file, JSON.stringify({ keys: [] }));
  const warnings: string[] = [];
  const silent = createLogger({ service: 'test', level: 'silent' });
  const log: Logger = { ...silent, warn: (message: string) => void warnings.push(message) };
  const connected = await connectVerifier({
    ...{ issuer: 'https://id.test', audience: 'test', keysUrl: pathToFileURL(file) },
    ...{ graphUrl: 'https://graph.test/graphql', redisUrl, refuseReplay: false, clock, log },
  });
  await rm(folder, { recursive: true });
  return { ...connected, warnings };
}

test('without Redis nobody says that revocations are known, and the start warns once', async () => {
  const { revocationState, warnings, stop } = await connect(undefined);
  expect(revocationState()).toBe('unfollowed');
  expect(warnings).toEqual([expect.stringContaining('REDIS_URL is not set')]);
  await stop();
});

test('with Redis they are followed', async () => {
  const redis = await startRedis();
  const { revocationState, warnings, stop } = await connect(redis.url);
  await expect.poll(revocationState, { timeout: 5_000 }).toBe('current');
  expect(warnings).toEqual([]);
  await stop();
  await redis.stop();
});
