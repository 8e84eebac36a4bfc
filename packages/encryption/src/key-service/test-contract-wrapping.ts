import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import {
  context,
  keyToWrap,
  keysToWrap,
  wrapAll,
  wrapOne,
  codeOf,
  expectRefused,
  type Begin,
} from './test-contract-keys.ts';

/** What holds for wrapping and for what is refused. */

export function describeWrapping(begin: Begin): void {
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

export function describeRefusals(begin: Begin): void {
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
