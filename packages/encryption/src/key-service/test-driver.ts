import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import type { KeyServiceError } from './key-service-error.ts';
import type { KeyService } from './key-service.ts';

/** What the tests of the drivers of Vault and KMS share. */

export const context = 'caregraph/patient/partition/1';
export const request = { key: randomBytes(32), context };

/** Matches a fault by its code and what it says. */
export const code = (name: KeyServiceError['code'], explanation: RegExp) =>
  expect.objectContaining({ code: name, message: expect.stringMatching(explanation) as string });

export const wrapOne = async (service: KeyService) => {
  const [wrapped] = await service.wrapMany([request]);
  if (wrapped === undefined) throw new Error('nothing was wrapped');
  return { ...wrapped, context };
};

/** The pauses that a driver wanted to make, none of which is made. */
export function startPauses() {
  const pauses: number[] = [];
  const wait = (ms: number) => {
    pauses.push(ms);
    return Promise.resolve();
  };
  return { pauses, wait };
}

/** What a test begins, and its end after the test. To be called once in a file. */
export function createTestBed() {
  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
    vi.unstubAllEnvs();
  });
  return {
    /** A stub must not have seen what the real service would not take. */
    endsStub(stub: { readonly violations: string[]; stop(): Promise<void> }): void {
      ending.push(async () => {
        await stub.stop();
        expect(stub.violations).toEqual([]);
      });
    },
    endsService(service: KeyService): void {
      ending.push(() => service.close());
    },
    /** The path of a file with this text, in a directory of its own. */
    async fileWith(text: string): Promise<string> {
      const directory = await mkdtemp(join(tmpdir(), 'caregraph-driver-'));
      ending.push(() => rm(directory, { recursive: true }));
      const path = join(directory, 'file');
      await writeFile(path, text);
      return path;
    },
  };
}
