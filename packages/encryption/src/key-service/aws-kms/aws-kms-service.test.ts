import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { KeyServiceError } from '../key-service-error.ts';
import { code, request, wrapOne } from '../test-driver.ts';
import type { AwsKmsOptions } from './aws-kms-service.ts';
import { createKmsBed, times } from './test-kms-bed.ts';
import type { KmsStub } from './test-kms-stub.ts';

const { start } = createKmsBed();

describe('what KMS does not serve now is tried again, and then said', () => {
  it.each<[string, (stub: KmsStub) => void]>([
    ['throttled', (stub) => (stub.trouble.throttled = 2)],
    ['failing', (stub) => (stub.trouble.failing = 2)],
    ['cut off', (stub) => (stub.trouble.cutOff = 2)],
  ])('%s twice', async (_name, trouble) => {
    const { stub, service, pauses } = await start();
    const wrapped = await wrapOne(service);
    trouble(stub);
    expect(await service.unwrapMany([wrapped])).toHaveLength(1);
    expect(pauses).toHaveLength(2);
    expect(times(stub, 'Decrypt')).toBe(3);
  });

  it.each<[string, (stub: KmsStub) => void, RegExp]>([
    ['throttled', (stub) => (stub.trouble.throttled = 999), /ThrottlingException/],
    ['failing', (stub) => (stub.trouble.failing = 999), /KMSInternalException, 500/],
    ['cut off', (stub) => (stub.trouble.cutOff = 999), /not serve/],
  ])('%s for good', async (_name, trouble, explanation) => {
    const { stub, service } = await start();
    const wrapped = await wrapOne(service);
    trouble(stub);
    const before = stub.asked.length;
    for (const work of [
      () => service.wrapMany([request]),
      () => service.unwrapMany([wrapped]),
      () => service.rewrapMany([wrapped]),
      () => service.currentVersion(),
    ]) {
      await expect(work()).rejects.toEqual(code('KEY_SERVICE_UNAVAILABLE', explanation));
    }
    expect(stub.asked.length - before).toBe(12);
  });

  it.each(['silent', 'stalled'] as const)('a KMS that is %s is given up', async (trouble) => {
    const { stub, service, pauses } = await start({ timeoutMs: 150 });
    stub.trouble[trouble] = 99;
    await expect(service.currentVersion()).rejects.toEqual(
      code('KEY_SERVICE_UNAVAILABLE', /does not serve DescribeKey now/),
    );
    expect(pauses).toHaveLength(2);
  });

  it('a KMS that is not there', async () => {
    const { service } = await start({ endpoint: 'http://127.0.0.1:1' });
    await expect(service.currentVersion()).rejects.toMatchObject({
      code: 'KEY_SERVICE_UNAVAILABLE',
    });
  });
});

describe('what is wrong with the setting up is said, and not tried again', () => {
  it.each<[string, Partial<AwsKmsOptions>, KeyServiceError['code'], RegExp]>([
    ['another key', { keyId: 'alias/other' }, 'KEY_SERVICE_MISCONFIGURED', /NotFoundException/],
    ['another region', { region: 'eu-west-1' }, 'KEY_SERVICE_DENIED', /InvalidSignature/],
    [
      'another account',
      { credentials: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'other-secret' } },
      'KEY_SERVICE_DENIED',
      /UnrecognizedClient/,
    ],
  ])('%s', async (_name, options, name, explanation) => {
    const { stub, service, pauses } = await start(options);
    await expect(service.wrapMany([request])).rejects.toEqual(code(name, explanation));
    expect([stub.asked.includes('Encrypt'), pauses]).toEqual([false, []]);
  });

  it.each<[string, KeyServiceError['code']]>([
    ['AccessDeniedException', 'KEY_SERVICE_DENIED'],
    ['ExpiredTokenException', 'KEY_SERVICE_DENIED'],
    ['DisabledException', 'KEY_SERVICE_MISCONFIGURED'],
    ['KMSInvalidStateException', 'KEY_SERVICE_MISCONFIGURED'],
    ['SomethingNewException', 'KEY_SERVICE_MISCONFIGURED'],
    ['KeyUnavailableException', 'KEY_SERVICE_UNAVAILABLE'],
    ['IncorrectKeyException', 'KEY_UNWRAP_REFUSED'],
  ])('%s is %s', async (exception, name) => {
    const { stub, service } = await start();
    const wrapped = await wrapOne(service);
    stub.trouble.exception = exception;
    await expect(service.unwrapMany([wrapped])).rejects.toMatchObject({ code: name });
  });

  it.each([
    [{ state: 'PendingDeletion' }, /PendingDeletion/],
    [{ spec: 'RSA_4096' }, /RSA_4096/],
  ])('a key that is %j is not used', async (state, explanation) => {
    const { stub, service } = await start();
    Object.assign(stub.key, state);
    await expect(service.wrapMany([request])).rejects.toEqual(
      code('KEY_SERVICE_MISCONFIGURED', explanation),
    );
  });
});

describe('answers are not believed as they come', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['no blob', 'Encrypt', { CiphertextBlob: undefined }],
    ['a short blob', 'Encrypt', { CiphertextBlob: 'AAAA' }],
    ['a blob that is not base64', 'Encrypt', { CiphertextBlob: 17 }],
    ['another key', 'Encrypt', { KeyId: 'arn:aws:kms:x:1:key/other' }],
    ['no plaintext', 'Decrypt', { Plaintext: undefined }],
    ['a short plaintext', 'Decrypt', { Plaintext: 'AAAA' }],
    ['another key', 'Decrypt', { KeyId: 'arn:aws:kms:x:1:key/other' }],
    ['no blob', 'ReEncrypt', { CiphertextBlob: undefined }],
    ['no list', 'ListKeyRotations', { Rotations: undefined }],
    ['no key', 'DescribeKey', { KeyMetadata: undefined }],
  ])('%s in that to %s', async (_name, operation, change) => {
    const { stub, service } = await start();
    const wrapped = operation === 'DescribeKey' ? undefined : await wrapOne(service);
    stub.trouble.mangle = (name, answer) =>
      name === operation ? { ...answer, ...change } : answer;
    const work: Record<string, () => Promise<unknown>> = {
      Encrypt: () => service.wrapMany([request]),
      Decrypt: () => service.unwrapMany(wrapped ? [wrapped] : []),
      ReEncrypt: () => service.rewrapMany(wrapped ? [wrapped] : []),
    };
    await expect((work[operation] ?? service.currentVersion)()).rejects.toMatchObject({
      code: 'KEY_SERVICE_ANSWER_INVALID',
    });
  });

  it('truncated JSON, which is not quoted', async () => {
    const { stub, service } = await start();
    const wrapped = await wrapOne(service);
    stub.trouble.truncated = 1;
    const fault: unknown = await service.unwrapMany([wrapped]).catch((error: unknown) => error);
    expect(fault).toEqual(code('KEY_SERVICE_ANSWER_INVALID', /Decrypt/));
    const shown = inspect(fault, { depth: Infinity, showHidden: true, maxStringLength: null });
    expect(shown).not.toContain(request.key.toString('base64').slice(0, 20));
    expect(shown).not.toContain(stub.credentials.secretAccessKey);
  });
});

describe('many keys', () => {
  it('never more than 16 calls at once, over all callers', async () => {
    const { stub, service } = await start();
    await service.currentVersion();
    // All that come are held until there are 16, and a little longer for one more to show itself.
    stub.trouble.during = async () => {
      await vi.waitFor(() => expect(stub.load.most).toBeGreaterThanOrEqual(16), {
        timeout: 20_000,
      });
      for (let turns = 0; turns < 50; turns += 1) await new Promise((done) => setImmediate(done));
    };
    const requests = Array.from({ length: 60 }, () => request);
    await Promise.all([service.wrapMany(requests), service.wrapMany(requests)]);
    expect(times(stub, 'Encrypt')).toBe(120);
    expect(stub.load.most).toBe(16);
  });

  it('after a close nothing more is asked', async () => {
    const { stub, service } = await start();
    const work = service.wrapMany(Array.from({ length: 200 }, () => request));
    stub.trouble.during = async () => {
      if (times(stub, 'Encrypt') > 0) await service.close();
    };
    await expect(work).rejects.toMatchObject({ code: 'KEY_SERVICE_UNAVAILABLE' });
    expect(times(stub, 'Encrypt')).toBeLessThanOrEqual(16);
  });
});

describe('versions', () => {
  it('are counted over all pages of rotations', async () => {
    const { service } = await start();
    for (const version of [2, 3, 4]) expect(await service.rotate()).toBe(version);
    expect(await service.currentVersion()).toBe(4);
  });

  it('a rotation takes KMS a while', async () => {
    const { stub, service, pauses } = await start();
    stub.trouble.rotationPolls = 5;
    expect(await service.rotate()).toBe(2);
    expect(pauses.length).toBeGreaterThanOrEqual(5);
    expect(times(stub, 'RotateKeyOnDemand')).toBe(1);
  });

  it('a rotation that never completes is given up', async () => {
    const { stub, service } = await start();
    stub.trouble.rotationPolls = 1e9;
    await expect(service.rotate()).rejects.toEqual(
      code('KEY_SERVICE_UNAVAILABLE', /still rotating/),
    );
  });

  it('a rotation that is under way is joined', async () => {
    const { stub, service } = await start();
    stub.trouble.rotationPolls = 10;
    expect(await Promise.all([service.rotate(), service.rotate()])).toEqual([2, 2]);
    expect(stub.key.materials).toHaveLength(2);
  });

  it('a rotation is never tried twice', async () => {
    const { stub, service, pauses } = await start();
    await service.currentVersion();
    stub.trouble.during = async () => {
      if (stub.asked.at(-1) === 'RotateKeyOnDemand') stub.trouble.failing = 1;
      return Promise.resolve();
    };
    await expect(service.rotate()).rejects.toMatchObject({ code: 'KEY_SERVICE_UNAVAILABLE' });
    expect([times(stub, 'RotateKeyOnDemand'), pauses]).toEqual([1, []]);
  });

  it('no more rotations on demand is said as it is', async () => {
    const { stub, service } = await start();
    stub.key.materials.push(...Array.from({ length: 10 }, () => randomBytes(32)));
    await expect(service.rotate()).rejects.toEqual(
      code('KEY_SERVICE_DENIED', /LimitExceededException/),
    );
  });

  it('are asked for again after five minutes, because others rotate too', async () => {
    const { stub, service, clock } = await start();
    expect((await wrapOne(service)).kekVersion).toBe(1);
    stub.key.materials.push(randomBytes(32));
    const before = times(stub, 'ListKeyRotations');
    expect((await wrapOne(service)).kekVersion).toBe(1);
    expect(times(stub, 'ListKeyRotations')).toBe(before);
    clock.advance(5 * 60_000);
    expect((await wrapOne(service)).kekVersion).toBe(2);
  });
});
