import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import type { Clock } from '@caregraph/clock';
import type { IdentityClient, IdentityTx } from '../store/client.ts';
import type { SealedValues } from '../store/sealed-value.ts';

/** The keys at one moment: what is published, and the one of them that signs. */
export interface KeySet {
  readonly active: SigningKey;
  /** The active key first, then the next one, then those retired lately. */
  readonly all: readonly SigningKey[];
}

export interface SigningKeys {
  /** The set as it was last read. */
  current(): KeySet;
  /** Finds the public key of a token of ours, for verifiers in this process. */
  readonly verify: JWTVerifyGetKey;
  /** Reads the set and moves it on when it is time. @returns whether it changed */
  refresh(): Promise<boolean>;
  /** Publishes a next key now, or has the published one sign as soon as everybody can know it. */
  rotate(): Promise<void>;
}

/** Verifiers fetch a key set at most every 30 s and keep it 10 min: twice that, to be sure. */
const publishedAheadMs = 20 * 60_000;
/** A retired key is published until the last token that it signed has expired and was cached. */
const retiredForMs = 60 * 60_000;
const signsForMs = 90 * 24 * 3_600_000;
const rotationLock = 7_241_001;

const jwk = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string() });

export interface SigningKeyOptions {
  readonly store: IdentityClient;
  readonly sealed: SealedValues;
  readonly clock: Clock;
  /** The first key, where another process signs with it too: the embedded profile's key file. */
  readonly firstKey?: SigningKey;
}

/**
 * Loads the signing keys, or makes the first one. A key is published before it signs and after it
 * signed, so that no verifier ever meets a token whose key it cannot know.
 */
export async function createSigningKeys(options: SigningKeyOptions): Promise<SigningKeys> {
  const { store, clock } = options;
  let set = await readOrMake(options);
  let local = createLocalJWKSet({ keys: set.all.map((key) => key.publicJwk) });

  async function refresh(): Promise<boolean> {
    await store.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${rotationLock}::bigint)`;
      await moveOn(tx, options);
    });
    const fresh = await readSet(options);
    const names = (one: KeySet) => one.all.map((key) => key.keyId).join(' ');
    if (fresh === undefined || names(fresh) === names(set)) return false;
    set = fresh;
    local = createLocalJWKSet({ keys: set.all.map((key) => key.publicJwk) });
    return true;
  }

  return {
    current: () => set,
    verify: (header, token) => local(header, token),
    refresh,
    async rotate() {
      if ((await store.signingKey.count({ where: { state: 'NEXT' } })) === 0) {
        await insertKey(options, store, await makeSigningKey(), 'NEXT', clock.now());
      }
      await refresh();
    },
  };
}

async function readOrMake(options: SigningKeyOptions): Promise<KeySet> {
  const { store, clock, firstKey } = options;
  await store.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${rotationLock}::bigint)`;
    if ((await tx.signingKey.count({ where: { state: 'ACTIVE' } })) > 0) return;
    await insertKey(options, tx, firstKey ?? (await makeSigningKey()), 'ACTIVE', clock.now());
  });
  const set = await readSet(options);
  if (set === undefined) throw new Error('there is no active signing key');
  return set;
}

async function insertKey(
  { sealed }: SigningKeyOptions,
  tx: IdentityTx,
  key: SigningKey,
  state: 'ACTIVE' | 'NEXT',
  now: Date,
): Promise<void> {
  const text = Buffer.from(JSON.stringify(key.privateJwk));
  await tx.signingKey.create({
    data: {
      keyId: key.keyId,
      state,
      // A JWK is JSON by definition.
      publicJwk: key.publicJwk as object,
      privateSealed: sealed.seal(text, `signing key:${key.keyId}`),
      createdAt: now,
      activeAt: state === 'ACTIVE' ? now : null,
    },
  });
}

/** Makes the next key in time, lets it sign when it was published long enough, forgets old ones. */
async function moveOn(tx: IdentityTx, options: SigningKeyOptions): Promise<void> {
  const now = options.clock.now();
  const before = (ms: number) => new Date(now.getTime() - ms);
  const active = await tx.signingKey.findFirst({ where: { state: 'ACTIVE' } });
  const next = await tx.signingKey.findFirst({ where: { state: 'NEXT' } });
  const due = active?.activeAt && active.activeAt <= before(signsForMs - publishedAheadMs);
  if (due && !next) await insertKey(options, tx, await makeSigningKey(), 'NEXT', now);
  if (next && next.createdAt <= before(publishedAheadMs)) {
    const retired = { state: 'RETIRED', retiredAt: now };
    await tx.signingKey.updateMany({ where: { state: 'ACTIVE' }, data: retired });
    const activated = { state: 'ACTIVE', activeAt: now };
    await tx.signingKey.update({ where: { keyId: next.keyId }, data: activated });
  }
  const outdated = { state: 'RETIRED', retiredAt: { lt: before(retiredForMs) } };
  await tx.signingKey.deleteMany({ where: outdated });
}

async function readSet({ store, sealed }: SigningKeyOptions): Promise<KeySet | undefined> {
  const rows = await store.signingKey.findMany({ orderBy: { createdAt: 'desc' } });
  const keys = rows.map((row) => {
    const text = Buffer.from(sealed.open(row.privateSealed, `signing key:${row.keyId}`));
    const key: SigningKey = {
      keyId: row.keyId,
      privateJwk: jwk.parse(JSON.parse(text.toString())) as JWK,
      publicJwk: jwk.parse(row.publicJwk) as JWK,
    };
    return { state: row.state, key };
  });
  const active = keys.find(({ state }) => state === 'ACTIVE')?.key;
  if (!active) return undefined;
  await importJWK(active.privateJwk, 'ES256');
  return { active, all: [active, ...keys.map(({ key }) => key).filter((key) => key !== active)] };
}
