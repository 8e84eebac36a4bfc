import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@caregraph/clock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKeyFileService } from '../key-service/key-file/key-file-service.ts';
import { KeyServiceError, type KeyServiceErrorCode } from '../key-service/key-service-error.ts';
import type { KeyService } from '../key-service/key-service.ts';
import { createKeyServiceWatch } from './key-service-watch.ts';

let directory: string;
let service: KeyService;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'caregraph-watch-'));
  service = await createKeyFileService({ path: join(directory, 'kek.json'), makeIfMissing: true });
});
afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true });
});

const graceMs = 900_000;
const restMs = 1_000;

function startWatch() {
  const clock = fixedClock(new Date('2026-03-10T08:00:00Z'));
  const watch = createKeyServiceWatch({ service, clock, graceMs });
  /** The code with which a call is answered, and whether it reached the service. */
  const ask = async (work: () => Promise<unknown> = () => Promise.resolve()) => {
    let reached = false;
    const answer = await watch
      .call(async () => {
        reached = true;
        await work();
      })
      .then(() => 'answered', codeOf);
    return { answer, reached };
  };
  const fail = (code: KeyServiceErrorCode) => ask(() => Promise.reject(fault(code)));
  return { clock, watch, ask, fail };
}

const fault = (code: KeyServiceErrorCode) => new KeyServiceError(code, 'of the test');
const codeOf = (error: unknown) => {
  if (error instanceof KeyServiceError) return error.code;
  throw error;
};
const heldBack = { answer: 'KEY_SERVICE_UNAVAILABLE', reached: false };
const passed = { answer: 'answered', reached: true };

describe('a service that hangs', () => {
  test('is asked by one caller at a time, and the others are answered at once', async () => {
    const { clock, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    for (let round = 0; round < 3; round += 1) {
      clock.advance(restMs);
      const hanging = Promise.withResolvers<void>();
      const first = ask(() => hanging.promise);
      // None of them waits for the first, which is still on its way.
      const others = await Promise.all(Array.from({ length: 49 }, () => ask()));
      expect(others).toEqual(others.map(() => heldBack));
      hanging.reject(fault('KEY_SERVICE_UNAVAILABLE'));
      expect(await first).toEqual({ answer: 'KEY_SERVICE_UNAVAILABLE', reached: true });
      expect(await ask()).toEqual(heldBack);
    }
  });

  test('is asked by everybody again when one was answered', async () => {
    const { clock, watch, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    clock.advance(restMs);
    expect(await ask()).toEqual(passed);
    expect(watch.state()).toBe('available');
    const hanging = Promise.withResolvers<void>();
    const first = ask(() => hanging.promise);
    expect(await ask()).toEqual(passed);
    hanging.resolve();
    expect(await first).toEqual(passed);
  });

  test('is asked again although the one who asked never hears of it', async () => {
    const { clock, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    clock.advance(restMs);
    const forgotten = Promise.withResolvers<void>();
    const first = ask(() => forgotten.promise);
    clock.advance(14_999);
    expect(await ask()).toEqual(heldBack);
    clock.advance(1);
    expect(await ask()).toEqual(passed);
    forgotten.resolve();
    await first;
  });

  test('that one asked for something that it refuses is no word of its health', async () => {
    const { clock, watch, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    clock.advance(restMs);
    expect(await fail('KEY_UNWRAP_REFUSED')).toMatchObject({ reached: true });
    expect(watch.state()).toBe('grace');
    const hanging = Promise.withResolvers<void>();
    const first = ask(() => hanging.promise);
    expect(await ask()).toEqual(heldBack);
    hanging.resolve();
    await first;
  });
});

describe('a service that answers, and does not do it', () => {
  test('KEY_SERVICE_DENIED keeps nobody from asking for something else', async () => {
    const code = 'KEY_SERVICE_DENIED';
    const { watch, ask, fail } = startWatch();
    expect(await fail(code)).toEqual({ answer: code, reached: true });
    expect(watch.state()).toBe('grace');
    expect(await Promise.all([fail(code), ask()])).toEqual([
      { answer: code, reached: true },
      passed,
    ]);
    expect(watch.state()).toBe('available');
  });

  test.each<KeyServiceErrorCode>([
    'KEY_SERVICE_MISCONFIGURED',
    'KEY_SERVICE_ANSWER_INVALID',
    'KEY_FILE_INVALID',
  ])('%s turns the others away for a moment', async (code) => {
    const { clock, watch, ask, fail } = startWatch();
    expect(await fail(code)).toEqual({ answer: code, reached: true });
    expect(await ask()).toEqual(heldBack);
    clock.advance(restMs);
    expect(await ask()).toEqual(passed);
    expect(watch.state()).toBe('available');
  });

  test('a clock that is set back keeps nobody away', async () => {
    const { clock, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    clock.advance(-3_600_000);
    expect(await ask()).toEqual(passed);
  });

  test('after it was away it is asked by everybody again', async () => {
    const { clock, watch, ask, fail } = startWatch();
    await fail('KEY_SERVICE_UNAVAILABLE');
    clock.advance(restMs);
    await fail('KEY_SERVICE_DENIED');
    expect(watch.state()).toBe('grace');
    expect(await Promise.all([fail('KEY_SERVICE_DENIED'), fail('KEY_SERVICE_DENIED')])).toEqual(
      Array(2).fill({ answer: 'KEY_SERVICE_DENIED', reached: true }),
    );
    expect(await ask()).toEqual(passed);
  });

  test('a refused key says nothing about it', async () => {
    const { watch, ask, fail } = startWatch();
    await fail('KEY_UNWRAP_REFUSED');
    expect(watch.state()).toBe('available');
    expect(await ask()).toEqual(passed);
  });
});
