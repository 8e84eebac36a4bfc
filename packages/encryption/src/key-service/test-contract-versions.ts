import { expect, it } from 'vitest';
import {
  keyToWrap,
  keysToWrap,
  wrapAll,
  wrapOne,
  expectRefused,
  type Begin,
} from './test-contract-keys.ts';

/** What holds for versions, and for a service that lives and ends. */

export function describeVersions(begin: Begin): void {
  it('after a rotation new keys have the new version, and old ones still open', async () => {
    const { service } = await begin();
    const request = keyToWrap();
    const old = await wrapOne(service, request);
    expect(await service.currentVersion()).toBe(1);
    expect(await service.rotate()).toBe(2);
    expect(await service.currentVersion()).toBe(2);
    const young = await wrapOne(service, request);
    expect([old.kekVersion, young.kekVersion]).toEqual([1, 2]);
    const opened = await service.unwrapMany([old, young]);
    expect(opened.map((key) => Buffer.from(key))).toEqual([request.key, request.key]);
  });

  it('another process that runs already opens what the new version wraps', async () => {
    const { service, another } = await begin();
    const other = await another();
    const request = keyToWrap();
    await other.unwrapMany([await wrapOne(service, request)]);
    await service.rotate();
    const [opened] = await other.unwrapMany([await wrapOne(service, request)]);
    expect(Buffer.from(opened ?? [])).toEqual(request.key);
    expect(await other.currentVersion()).toBe(2);
    await other.close();
  });

  it('rewrapping moves to the newest version, in order', async () => {
    const { service } = await begin();
    const requests = keysToWrap(260);
    const old = await wrapAll(service, requests);
    await service.rotate();
    await service.rotate();
    const moved = await service.rewrapMany(old);
    expect(moved).toHaveLength(requests.length);
    expect(moved.every(({ kekVersion }) => kekVersion === 3)).toBe(true);
    const opened = await service.unwrapMany(
      moved.map((key, index) => ({ ...key, context: old[index]?.context ?? '' })),
    );
    expect(opened.map((key) => Buffer.from(key))).toEqual(requests.map(({ key }) => key));
  });

  it('what is retired does not open, and the rest does', async () => {
    const { service, another } = await begin();
    const other = await another();
    const request = keyToWrap();
    const oldest = await wrapOne(service, request);
    await other.unwrapMany([oldest]);
    await service.rotate();
    const middle = await wrapOne(service, request);
    await service.rotate();
    const youngest = await wrapOne(service, request);
    const retired = await service.retireBelow(2);
    for (const each of [service, other]) {
      if (retired) await expectRefused(each, oldest);
      else expect(await each.unwrapMany([oldest])).toHaveLength(1);
      const opened = await each.unwrapMany([middle, youngest]);
      expect(opened.map((key) => Buffer.from(key))).toEqual([request.key, request.key]);
    }
    expect(await service.retireBelow(1)).toBe(retired);
    expect(await service.retireBelow(2)).toBe(retired);
    if (retired) await expectRefused(service, oldest);
    expect(await service.currentVersion()).toBe(3);
    await other.close();
  });

  it.each([0, -1, 1.5, 3])(
    'versions below %d cannot be retired when 2 is the newest',
    async (v) => {
      const { service } = await begin();
      await service.rotate();
      await expect(service.retireBelow(v)).rejects.toThrow(RangeError);
    },
  );
}

export function describeLife(begin: Begin): void {
  it('many callers at once get their own keys', async () => {
    const { service } = await begin();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const requests = keysToWrap(7);
        const opened = await service.unwrapMany(await wrapAll(service, requests));
        expect(opened.map((key) => Buffer.from(key))).toEqual(requests.map(({ key }) => key));
      }),
    );
  });

  it('wrapping goes on while versions are made', async () => {
    const { service } = await begin();
    const requests = keysToWrap(30);
    const [wrapped] = await Promise.all([
      Promise.all(requests.map((request) => wrapOne(service, request))),
      service.rotate(),
    ]);
    const opened = await service.unwrapMany(wrapped);
    expect(opened.map((key) => Buffer.from(key))).toEqual(requests.map(({ key }) => key));
  });

  it('closing twice is closing once, and nothing works afterwards', async () => {
    const { service } = await begin();
    const wrapped = await wrapOne(service);
    await Promise.all([service.close(), service.close()]);
    await service.close();
    const after = [
      service.wrapMany([keyToWrap()]),
      service.unwrapMany([wrapped]),
      service.rewrapMany([wrapped]),
      service.currentVersion(),
      service.rotate(),
      service.retireBelow(1),
    ];
    for (const work of await Promise.allSettled(after)) {
      expect(work).toMatchObject({ reason: { code: 'KEY_SERVICE_UNAVAILABLE' } });
    }
  });
}
