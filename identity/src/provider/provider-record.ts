import { z } from 'zod';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '@caregraph/clock';
import type { IdentityClient } from '../store/client.ts';
import type { SealedValues } from '../store/sealed-value.ts';

/** Raised when a code that works once is used a second time, also at the same moment. */
export class AlreadyConsumed extends Error {}

export interface ProviderRecords {
  /** The adapter that the provider asks for a kind of record, e.g. `AuthorizationCode`. */
  adapter(model: string): Adapter;
  /** True for the first caller with this id, false for every later one, however close. */
  claimOnce(model: string, id: string, expiresAtS: number): Promise<boolean>;
  /** Removes at most `limit` expired records. @returns how many */
  removeExpired(limit: number): Promise<number>;
}

const payloadShape = z.looseObject({});

/**
 * The provider's records in PostgreSQL. Ids are kept as keyed hashes and payloads sealed, because
 * the id of a code or a session is the secret itself.
 */
export function createProviderRecords(
  store: IdentityClient,
  sealed: SealedValues,
  clock: Clock,
): ProviderRecords {
  const hashOf = (id: string) => sealed.mac('provider record', id);
  return {
    adapter: (model) => adapterOf(model, { store, sealed, clock, hashOf }),
    async claimOnce(model, id, expiresAtS) {
      const idHash = Buffer.from(hashOf(id));
      const payload = Buffer.from(sealed.seal(Buffer.from('{}'), contextOf(model, idHash)));
      const claimed = await store.$executeRaw`
        INSERT INTO provider_record (model, id_hash, payload, expires_at)
        VALUES (${model}, ${idHash}, ${payload}, to_timestamp(${expiresAtS}))
        ON CONFLICT DO NOTHING`;
      return claimed === 1;
    },
    removeExpired: (limit) => store.$executeRaw`
      DELETE FROM provider_record WHERE (model, id_hash) IN (
        SELECT model, id_hash FROM provider_record WHERE expires_at < ${clock.now()} LIMIT ${limit}
      )`,
  };
}

interface AdapterDeps {
  readonly store: IdentityClient;
  readonly sealed: SealedValues;
  readonly clock: Clock;
  readonly hashOf: (id: string) => Uint8Array<ArrayBuffer>;
}

function adapterOf(model: string, { store, sealed, clock, hashOf }: AdapterDeps): Adapter {
  const open = (row: Row | null) => openRow(row, sealed, clock);
  return {
    async upsert(id, payload, expiresInS) {
      const idHash = hashOf(id);
      const data = {
        payload: sealed.seal(Buffer.from(JSON.stringify(payload)), contextOf(model, idHash)),
        grantId: payload.grantId ?? null,
        uidHash: payload.uid === undefined ? null : hashOf(payload.uid),
        userCode: payload.userCode === undefined ? null : textHash(hashOf(payload.userCode)),
        expiresAt: expiresInS ? new Date(clock.now().getTime() + expiresInS * 1_000) : null,
      };
      await store.providerRecord.upsert({
        where: { model_idHash: { model, idHash } },
        create: { model, idHash, ...data },
        update: data,
      });
    },
    async find(id) {
      const where = { model_idHash: { model, idHash: hashOf(id) } };
      return open(await store.providerRecord.findUnique({ where }));
    },
    async findByUid(uid) {
      const where = { model, uidHash: hashOf(uid) };
      return open(await store.providerRecord.findFirst({ where }));
    },
    async findByUserCode(userCode) {
      const where = { model, userCode: textHash(hashOf(userCode)) };
      return open(await store.providerRecord.findFirst({ where }));
    },
    async consume(id) {
      // One statement: of two that use a code at the same moment, one updates a row.
      const { count } = await store.providerRecord.updateMany({
        where: { model, idHash: hashOf(id), consumedAt: null },
        data: { consumedAt: clock.now() },
      });
      if (count === 0) throw new AlreadyConsumed(`${model} was used before`);
    },
    async destroy(id) {
      await store.providerRecord.deleteMany({ where: { model, idHash: hashOf(id) } });
    },
    async revokeByGrantId(grantId) {
      await store.providerRecord.deleteMany({ where: { model, grantId } });
    },
  };
}

function openRow(row: Row | null, sealed: SealedValues, clock: Clock): AdapterPayload | undefined {
  if (row === null || (row.expiresAt !== null && row.expiresAt <= clock.now())) return undefined;
  const text = Buffer.from(sealed.open(row.payload, contextOf(row.model, row.idHash))).toString();
  const payload = payloadShape.parse(JSON.parse(text));
  const consumed = row.consumedAt && Math.floor(row.consumedAt.getTime() / 1_000);
  return { ...payload, ...(consumed ? { consumed } : {}) };
}

/** A value that was moved to another row does not open there. */
function contextOf(model: string, idHash: Uint8Array): string {
  return `${model}:${Buffer.from(idHash).toString('hex')}`;
}

interface Row {
  readonly model: string;
  readonly idHash: Uint8Array;
  readonly payload: Uint8Array;
  readonly consumedAt: Date | null;
  readonly expiresAt: Date | null;
}

function textHash(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url');
}
