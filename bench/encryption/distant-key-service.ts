import { setTimeout as pass } from 'node:timers/promises';
import type { KeyService } from '@caregraph/encryption';

/**
 * A key service that is so many milliseconds away, and takes all keys of a question in one call, as
 * Vault transit does.
 */
function distantService(service: KeyService, callMs: number): KeyService {
  const afterCall = async <T>(work: () => Promise<T>): Promise<T> => {
    await pass(callMs);
    return work();
  };
  return {
    ...service,
    wrapMany: (requests) => afterCall(() => service.wrapMany(requests)),
    unwrapMany: (requests) => afterCall(() => service.unwrapMany(requests)),
    rewrapMany: (requests) => afterCall(() => service.rewrapMany(requests)),
    currentVersion: () => afterCall(() => service.currentVersion()),
    rotate: () => afterCall(() => service.rotate()),
    retireBelow: (version) => afterCall(() => service.retireBelow(version)),
  };
}

const callsAtOnce = 16;

/** The same where every key is a call of its own, 16 at a time, as with AWS KMS. */
function singleKeyService(service: KeyService, callMs: number): KeyService {
  const distant = distantService(service, callMs);
  return {
    ...distant,
    wrapMany: (requests) => oneByOne(requests, (one) => distant.wrapMany([one])),
    unwrapMany: (requests) => oneByOne(requests, (one) => distant.unwrapMany([one])),
    rewrapMany: (requests) => oneByOne(requests, (one) => distant.rewrapMany([one])),
  };
}

async function oneByOne<TRequest, TAnswer>(
  requests: readonly TRequest[],
  call: (request: TRequest) => Promise<TAnswer[]>,
): Promise<TAnswer[]> {
  const answers: TAnswer[][] = [];
  const waiting = requests.entries();
  const worker = async () => {
    for (const [at, request] of waiting) answers[at] = await call(request);
  };
  await Promise.all(Array.from({ length: callsAtOnce }, worker));
  return answers.flat();
}

const callMs = 5;

/** Ways from a measured process to the key-encryption key. */
export const waysToKeyService: Readonly<Record<string, (service: KeyService) => KeyService>> = {
  'key file': (service) => service,
  'key service, 5 ms a call': (service) => distantService(service, callMs),
  'key service, 5 ms a key': (service) => singleKeyService(service, callMs),
};
