import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { KeyServiceError, type KeyServiceErrorCode } from './key-service-error.ts';
import type { KeyService, UnwrapRequest, WrapRequest } from './key-service.ts';

/** A driver with a fresh KEK of one version, and what the suite cannot see from outside. */
export interface StartedKeyService {
  readonly service: KeyService;
  /** A second driver on the same KEK, as another process has it. */
  readonly another: () => Promise<KeyService>;
  /** How many calls the service has received; undefined where there is nothing to count. */
  readonly calls?: () => number;
  /** Credentials that no error may show. */
  readonly secrets: readonly string[];
  readonly stop: () => Promise<void>;
}

const context = 'caregraph/patient/partition/0198c0de-0000-7000-8000-000000000001';

/** The contract of `KeyService`, for one driver. Every driver runs all of it. */
export function describeKeyService(name: string, start: () => Promise<StartedKeyService>): void {
  describe(`the key service contract holds for ${name}`, () => {
    const running: StartedKeyService[] = [];
    const begin = async () => {
      const started = await start();
      running.push(started);
      return started;
    };
    afterEach(async () => {
      for (const started of running.splice(0)) {
        await started.service.close();
        await started.stop();
      }
    });
    describeWrapping(begin);
    describeRefusals(begin);
    describeVersions(begin);
    describeLife(begin);
  });
}

type Begin = () => Promise<StartedKeyService>;

const keyToWrap = (): WrapRequest => ({ key: randomBytes(32), context });
const keysToWrap = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    key: randomBytes(32),
    context: `${context}/${index}`,
  }));

/** What stands in a database: the wrapped keys with the context of each. */
async function wrapAll(service: KeyService, requests: readonly WrapRequest[]) {
  const wrapped = await service.wrapMany(requests);
  return wrapped.map((key, index) => ({ ...key, context: requests[index]?.context ?? '' }));
}

async function wrapOne(service: KeyService, request = keyToWrap()): Promise<UnwrapRequest> {
  const [wrapped] = await wrapAll(service, [request]);
  if (wrapped === undefined) throw new Error('nothing was wrapped');
  return wrapped;
}

async function codeOf(work: Promise<unknown>): Promise<KeyServiceErrorCode> {
  const fault = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (fault instanceof KeyServiceError) return fault.code;
  throw new Error('expected a KeyServiceError', { cause: fault });
}

const expectRefused = async (service: KeyService, request: UnwrapRequest) => {
  expect(await codeOf(service.unwrapMany([request]))).toBe('KEY_UNWRAP_REFUSED');
};

function describeWrapping(begin: Begin): void {
  it.each([1, 2, 250, 501])('%i keys come back in their order', async (count) => {
    const { service } = await begin();
    const requests = keysToWrap(count);
    const copies = requests.map(({ key }) => Buffer.from(key));
    const wrapped = await wrapAll(service, requests);
    expect(wrapped).toHaveLength(count);
    expect(wrapped.every(({ kekVersion }) => kekVersion === 1)).toBe(true);
    expect(wrapped.every((entry) => entry.wrapped.length <= 4096)).toBe(true);
    const opened = await service.unwrapMany(wrapped);
    expect(opened.map((key) => Buffer.from(key))).toEqual(copies);
    expect(requests.map(({ key }) => key)).toEqual(copies);
  });

  it('the same key is wrapped to other bytes each time, and they do not contain it', async () => {
    const { service } = await begin();
    const request = keyToWrap();
    const wrapped = await wrapAll(service, [request, request]);
    const [one, two] = wrapped.map((entry) => Buffer.from(entry.wrapped));
    expect(one).not.toEqual(two);
    for (const bytes of [one, two]) {
      expect(bytes?.includes(Buffer.from(request.key))).toBe(false);
      expect(bytes?.includes(Buffer.from(request.key).toString('base64'))).toBe(false);
    }
  });

  it('no request makes no call', async () => {
    const { service, calls } = await begin();
    const before = calls?.();
    expect(await service.wrapMany([])).toEqual([]);
    expect(await service.unwrapMany([])).toEqual([]);
    expect(await service.rewrapMany([])).toEqual([]);
    expect(calls?.()).toBe(before);
  });

  it('what one process wraps another opens', async () => {
    const { service, another } = await begin();
    const other = await another();
    const request = keyToWrap();
    const [opened] = await other.unwrapMany([await wrapOne(service, request)]);
    expect(Buffer.from(opened ?? [])).toEqual(request.key);
    await other.close();
  });

  it('opened keys are buffers of their own', async () => {
    const { service } = await begin();
    const request = keyToWrap();
    const wrapped = await wrapOne(service, request);
    const [first, second] = await service.unwrapMany([wrapped, wrapped]);
    first?.fill(0);
    expect(Buffer.from(second ?? [])).toEqual(request.key);
    // Wiping must reach the only copy: a view into a pool could be wiped along, or not at all.
    expect(second?.buffer.byteLength).toBe(32);
  });

  it.each([
    ['a short key', { key: randomBytes(31), context }],
    ['a long key', { key: randomBytes(33), context }],
    ['an empty context', { key: randomBytes(32), context: '' }],
    ['a context beyond ASCII', { key: randomBytes(32), context: 'caregraph/পৃ' }],
    ['a long context', { key: randomBytes(32), context: 'c'.repeat(201) }],
  ])('%s is a mistake of the caller', async (_name, request) => {
    const { service } = await begin();
    await expect(service.wrapMany([keyToWrap(), request])).rejects.toThrow(RangeError);
  });
}

function describeRefusals(begin: Begin): void {
  it('a key of another context is refused, also by rewrapping', async () => {
    const { service } = await begin();
    const moved = { ...(await wrapOne(service)), context: `${context}/other` };
    await expectRefused(service, moved);
    expect(await codeOf(service.rewrapMany([moved]))).toBe('KEY_UNWRAP_REFUSED');
  });

  it('damaged bytes are refused, wherever they are damaged', async () => {
    const { service } = await begin();
    const whole = await wrapOne(service);
    const last = whole.wrapped.length - 1;
    for (const at of [0, 1, 4, 12, Math.floor(last / 2), last - 3, last]) {
      const wrapped = Uint8Array.from(whole.wrapped);
      wrapped[at] = (wrapped[at] ?? 0) ^ 1;
      await expectRefused(service, { ...whole, wrapped });
    }
    const cut = { ...whole, wrapped: whole.wrapped.slice(0, last) };
    await expectRefused(service, cut);
    const longer = { ...whole, wrapped: Buffer.concat([whole.wrapped, Buffer.from([65])]) };
    await expectRefused(service, longer);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(1)],
    ['random bytes', randomBytes(65)],
    ['a key file wrap', Buffer.concat([Buffer.from([1, 0, 0, 0, 1]), randomBytes(60)])],
    ['a Vault wrap', Buffer.from(`vault:v1:${randomBytes(60).toString('base64')}`)],
    ['a Vault wrap without bytes', Buffer.from('vault:v1:')],
    ['a blob of KMS', Buffer.concat([Buffer.from([1, 2, 2, 0, 0x78]), randomBytes(150)])],
    ['too many bytes', randomBytes(4097)],
  ])('%s is not a wrapped key', async (_name, wrapped) => {
    const { service } = await begin();
    await expectRefused(service, { wrapped, kekVersion: 1, context });
    const rewrap = service.rewrapMany([{ wrapped, kekVersion: 1, context }]);
    expect(await codeOf(rewrap)).toBe('KEY_UNWRAP_REFUSED');
  });

  it.each([0, -1, 1.5, Number.NaN, 2, 1e9])('version %d beside it is refused', async (version) => {
    const { service } = await begin();
    await expectRefused(service, { ...(await wrapOne(service)), kekVersion: version });
  });

  it('one bad key among many opens none', async () => {
    const { service } = await begin();
    const wrapped = await wrapAll(service, keysToWrap(40));
    wrapped.splice(20, 1, { ...(await wrapOne(service)), context: `${context}/other` });
    expect(await codeOf(service.unwrapMany(wrapped))).toBe('KEY_UNWRAP_REFUSED');
    expect(await codeOf(service.rewrapMany(wrapped))).toBe('KEY_UNWRAP_REFUSED');
  });

  it('a refusal shows neither keys nor credentials', async () => {
    const { service, secrets } = await begin();
    const request = keyToWrap();
    const whole = await wrapOne(service, request);
    const moved = { ...whole, context: `${context}/other` };
    const fault: unknown = await service.unwrapMany([moved]).catch((error: unknown) => error);
    const shown = inspect(fault, { depth: Infinity, showHidden: true, maxStringLength: null });
    const key = Buffer.from(request.key);
    expect(shown).toContain('KEY_UNWRAP_REFUSED');
    for (const secret of [key.toString('base64'), key.toString('hex'), ...secrets]) {
      expect(shown).not.toContain(secret);
    }
  });
}

function describeVersions(begin: Begin): void {
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

function describeLife(begin: Begin): void {
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
