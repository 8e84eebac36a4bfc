import type { Redis } from 'ioredis';
import type { Adapter } from 'oidc-provider';
import { z } from 'zod';
import type { SealedValues } from '../store/sealed-value.ts';
import { AlreadyConsumed, type ProviderRecords } from './provider-record.ts';

/** What lives for minutes or hours and is asked for at every step of a sign-in. */
const shortLived = new Set(['Session', 'Interaction']);

const prefix = 'caregraph:identity:';
const payloadShape = z.looseObject({});

/**
 * Keeps sessions and sign-ins under way in Redis, and everything else where it was: while Redis is
 * away nobody signs in anew, but devices go on refreshing, because codes, used proofs and refresh
 * tokens are in the store.
 *
 * @param redis with a command timeout: a request fails rather than waits
 */
export function withRedis(
  durable: ProviderRecords,
  redis: Redis,
  sealed: SealedValues,
): ProviderRecords {
  const keyOf = (model: string, id: string) =>
    `${prefix}${model}:${Buffer.from(sealed.mac('provider record', id)).toString('base64url')}`;

  function adapter(model: string): Adapter {
    const fallback = durable.adapter(model);
    if (!shortLived.has(model)) return fallback;
    const read = async (key: string) => {
      const bytes = await redis.getBuffer(key);
      if (bytes === null) return undefined;
      const text = Buffer.from(sealed.open(bytes, key)).toString();
      return payloadShape.parse(JSON.parse(text));
    };
    return {
      ...fallback,
      async upsert(id, payload, expiresInS) {
        const key = keyOf(model, id);
        const bytes = Buffer.from(sealed.seal(Buffer.from(JSON.stringify(payload)), key));
        const ttlS = Math.max(1, expiresInS ?? 1);
        const writes = redis.multi().set(key, bytes, 'EX', ttlS);
        // The uid leads to the id, which is the secret of the cookie: sealed as well.
        if (payload.uid !== undefined) {
          const uidKey = keyOf(`${model}:uid`, payload.uid);
          const target = Buffer.from(sealed.seal(Buffer.from(key), uidKey));
          writes.set(uidKey, target, 'EX', ttlS);
        }
        const results = await writes.exec();
        const failed = results?.find(([error]) => error !== null);
        if (results === null || failed) throw failed?.[0] ?? new Error('redis took nothing');
      },
      find: (id) => read(keyOf(model, id)),
      async findByUid(uid) {
        const uidKey = keyOf(`${model}:uid`, uid);
        const target = await redis.getBuffer(uidKey);
        return target === null
          ? undefined
          : read(Buffer.from(sealed.open(target, uidKey)).toString());
      },
      async destroy(id) {
        await redis.del(keyOf(model, id));
      },
      async consume() {
        throw new AlreadyConsumed(`${model} is not a thing that is used up`);
      },
    };
  }

  return {
    adapter,
    claimOnce: durable.claimOnce,
    removeExpired: (limit) => durable.removeExpired(limit),
  };
}
