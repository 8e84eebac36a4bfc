import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAll } from '../field-codec.ts';
import { createJobStore, keyringLimits, SealError } from '../index.ts';
import { retireKekJob, rotateKekJob } from '../job/rotate-kek.ts';
import { runJob } from '../job/run-job.ts';
import { faultOf, minute, openFor, sealFor, secret, startKeys, valueOf } from './test-keyring.ts';

let bed: Awaited<ReturnType<typeof startKeys>>;
beforeAll(async () => {
  bed = await startKeys();
});
afterAll(() => bed.stop());
beforeEach(() => {
  bed.plugs.service = true;
  bed.clock.advance(minute);
});

const someone = () => randomUUID();
const sql = (text: string, ...values: unknown[]) => bed.keyPool.query(text, values);
const erase = async (owner: string) => {
  await sql('DELETE FROM patient.data_key WHERE owner_id = $1', owner);
  await sql(
    `INSERT INTO patient.key_owner (id, erased, erased_at) VALUES ($1, true, now())
     ON CONFLICT (id) DO UPDATE SET erased = true, erased_at = now()`,
    owner,
  );
};

/** An owner with a sealed value, and the id of the key. */
async function sealedOwner() {
  const owner = someone();
  const sealed = await sealFor(bed.open(), owner);
  const { rows } = await bed.keyPool.query<{ id: string }>(
    'SELECT id::text FROM patient.data_key WHERE owner_id = $1',
    [owner],
  );
  return { owner, sealed, keyId: rows[0]?.id ?? '' };
}

describe('somebody who was erased', () => {
  test('gets no key again, and what was sealed for them opens no more', async () => {
    const { owner, sealed } = await sealedOwner();
    await erase(owner);
    const keys = bed.open();
    expect(await faultOf(sealFor(keys, owner))).toBe('SEAL_OWNER_ERASED');
    expect(await keys.keyring.prepare([{ ownerId: owner, institutionId: someone() }])).toEqual(
      new Set([owner]),
    );
    expect(await faultOf(openFor(keys, owner, sealed))).toBe('SEAL_KEY_UNKNOWN');
  });

  test('refuses the whole statement, and leaves the others their keys', async () => {
    const [erased, other] = [someone(), someone()];
    await erase(erased);
    const keys = bed.open();
    const requests = [other, erased].map((owner) => ({
      ...valueOf(owner),
      plain: Buffer.from(secret),
    }));
    expect(await faultOf(Promise.resolve(keys.codec.sealMany(requests)))).toBe('SEAL_OWNER_ERASED');
    expect(await openFor(keys, other, await sealFor(keys, other))).toBe(secret);
  });

  test('while others make keys for them ends with none', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const owner = someone();
      const making = [bed.open(), bed.open()].map((keys) => faultOf(sealFor(keys, owner)));
      await sql('INSERT INTO patient.key_owner (id) VALUES ($1) ON CONFLICT DO NOTHING', owner);
      // What the erasure does, as one transaction; it tries again when a key was made meanwhile.
      let erased = false;
      while (!erased) erased = (await faultOf(erase(owner))) === 'none';
      for (const fault of await Promise.all(making)) {
        expect(['none', 'SEAL_OWNER_ERASED']).toContain(fault);
      }
      const { rowCount } = await sql('SELECT 1 FROM patient.data_key WHERE owner_id = $1', owner);
      expect(rowCount).toBe(0);
      expect(await faultOf(sealFor(bed.open(), owner))).toBe('SEAL_OWNER_ERASED');
    }
  });
});

describe('a key that is not as it was', () => {
  /** The fault of opening: its code and the row that it names. */
  async function damageOf(owner: string, sealed: Uint8Array, store = 'patient') {
    const keys = bed.open({}, store);
    const work = openAll(keys.codec, [{ ...valueOf(owner, store), sealed }]);
    expect(await faultOf(work)).toBe('SEAL_KEY_DAMAGED');
    const error: unknown = await openAll(keys.codec, [{ ...valueOf(owner, store), sealed }]).catch(
      (fault: unknown) => fault,
    );
    return error instanceof SealError ? error.place : undefined;
  }

  test('moved to another owner', async () => {
    const { owner, sealed, keyId } = await sealedOwner();
    const thief = someone();
    await sql('INSERT INTO patient.key_owner (id) VALUES ($1)', thief);
    await sql('UPDATE patient.data_key SET owner_id = $2 WHERE id = $1', keyId, thief);
    expect(await damageOf(thief, sealed)).toEqual({ model: 'data_key', rowId: keyId });
    expect(await faultOf(openFor(bed.open(), owner, sealed))).toBe('SEAL_KEY_DAMAGED');
  });

  test('copied to another subgraph with all that it needs', async () => {
    const { owner, sealed, keyId } = await sealedOwner();
    await sql(
      'INSERT INTO clinical.key_owner SELECT * FROM patient.key_owner WHERE id = $1',
      owner,
    );
    const partition = `(SELECT partition_key_id FROM patient.data_key WHERE id = $1)`;
    await sql(
      `INSERT INTO clinical.partition_key SELECT * FROM patient.partition_key WHERE id = ${partition}
       ON CONFLICT DO NOTHING`,
      keyId,
    );
    await sql('INSERT INTO clinical.data_key SELECT * FROM patient.data_key WHERE id = $1', keyId);
    // The partition key already is bound to its subgraph by the key service.
    const other = bed.open({}, 'clinical');
    const asClinical = { ...valueOf(owner, 'clinical'), sealed };
    const fault = await faultOf(openAll(other.codec, [asClinical]));
    expect(fault).toBe('SEAL_KEY_DAMAGED');
  });

  test('hung under another partition key', async () => {
    const { owner, sealed, keyId } = await sealedOwner();
    const keys = bed.open();
    const other = { ownerId: someone(), institutionId: someone() };
    await keys.keyring.prepare([other]);
    await sql(
      `UPDATE patient.data_key SET partition_key_id =
         (SELECT partition_key_id FROM patient.data_key WHERE owner_id = $2) WHERE id = $1`,
      ...[keyId, other.ownerId],
    );
    expect(await damageOf(owner, sealed)).toEqual({ model: 'data_key', rowId: keyId });
  });

  test.each([0, 1, 20, 60])('damaged in byte %i', async (byte) => {
    const { owner, sealed, keyId } = await sealedOwner();
    await sql(
      `UPDATE patient.data_key SET wrapped = set_byte(wrapped, $2, get_byte(wrapped, $2) # 1)
       WHERE id = $1`,
      ...[keyId, byte],
    );
    expect(await damageOf(owner, sealed)).toEqual({ model: 'data_key', rowId: keyId });
    expect(await faultOf(sealFor(bed.open(), owner))).toBe('SEAL_KEY_DAMAGED');
  });

  test('deleted', async () => {
    const { owner, sealed, keyId } = await sealedOwner();
    await sql('DELETE FROM patient.data_key WHERE id = $1', keyId);
    expect(await faultOf(openFor(bed.open(), owner, sealed))).toBe('SEAL_KEY_UNKNOWN');
  });
});

describe('a value that is not as it was', () => {
  test('of another owner, row or field, or changed, is refused without telling it', async () => {
    const { owner, sealed } = await sealedOwner();
    const keys = bed.open();
    const right = { ...valueOf(owner), sealed };
    const changed = sealed.slice();
    changed[70] = (changed[70] ?? 0) ^ 1;
    const wrong = [
      { ...right, ownerId: someone() },
      { ...right, rowId: someone() },
      { ...right, field: 'address' },
      { ...right, model: 'Person' },
      { ...right, sealed: changed },
    ];
    for (const request of wrong) {
      const fault = await faultOf(openAll(keys.codec, [request]));
      expect(fault).toBe('SEAL_OPEN_REFUSED');
    }
    for (const bytes of [new Uint8Array(), Buffer.of(2), sealed.subarray(0, 76)]) {
      const request = { ...right, sealed: bytes };
      const fault = await faultOf(openAll(keys.codec, [request]));
      expect(fault).toBe('SEAL_VERSION_UNKNOWN');
    }
  });

  test('too large, it is refused before a key is made', async () => {
    const owner = someone();
    const plain = Buffer.alloc(1024 * 1024 + 1, secret);
    const work = bed.open().codec.sealMany([{ ...valueOf(owner), plain }]);
    expect(await faultOf(Promise.resolve(work))).toBe('SEAL_VALUE_INVALID');
    const { rowCount } = await sql('SELECT 1 FROM patient.key_owner WHERE id = $1', owner);
    expect(rowCount).toBe(0);
  });

  test('of version 0 opens until the store is sealed, in every process that has heard of it', async () => {
    const [first, second] = [bed.open({}, 'institution'), bed.open({}, 'institution')];
    const owner = someone();
    const plain = Buffer.from(`\0${secret}`);
    expect(await openFor(first, owner, plain)).toBe(secret);
    expect(await openFor(second, owner, plain)).toBe(secret);
    await first.sealedState.markSealed(bed.clock.now());
    expect(await faultOf(openFor(first, owner, plain))).toBe('SEAL_NOT_SEALED');
    await second.tend();
    expect(await faultOf(openFor(second, owner, plain))).toBe('SEAL_NOT_SEALED');
    // Another subgraph is sealed by itself.
    expect(await openFor(bed.open({}, 'audit'), owner, plain)).toBe(secret);
  });
});

describe('keys that change while they are used', () => {
  test('a key that the database no longer has is not used once it was looked for', async () => {
    const owner = someone();
    const keys = bed.open();
    const sealed = await sealFor(keys, owner);
    await erase(owner);
    bed.clock.advance(keyringLimits.maxAgeMs + 1);
    expect(await faultOf(openFor(keys, owner, sealed))).toBe('SEAL_KEY_UNKNOWN');
  });

  test('a key that leaves the cache while others are fetched is not called unknown', async () => {
    const [first, second] = [await sealedOwner(), await sealedOwner()];
    const keys = bed.open({ maxDataKeys: 1 });
    expect(await openFor(keys, first.owner, first.sealed)).toBe(secret);
    const both = [first, second].map(({ owner, sealed }) => ({ ...valueOf(owner), sealed }));
    expect(await faultOf(openAll(keys.codec, both))).toBe('none');
  });

  test('nobody is called erased because their key is read anew meanwhile', async () => {
    const [first, second] = [someone(), someone()];
    const keys = bed.open();
    await sealFor(keys, first);
    const requests = [first, second].map((owner) => ({
      ...valueOf(owner),
      plain: Buffer.from(secret),
    }));
    const sealing = faultOf(Promise.resolve(keys.codec.sealMany(requests)));
    keys.keyring.renew(first);
    expect(await sealing).toBe('none');
  });

  test('a damaged key is a fault of those alone who asked for it', async () => {
    const [bad, good] = [await sealedOwner(), await sealedOwner()];
    await sql(
      'UPDATE patient.data_key SET wrapped = set_byte(wrapped, 50, get_byte(wrapped, 50) # 1) WHERE id = $1',
      bad.keyId,
    );
    const keys = bed.open();
    const both = [bad, good].map(({ owner, sealed }) => ({ ...valueOf(owner), sealed }));
    const [[damaged, readable] = [], alone] = await Promise.all([
      keys.codec.openMany(both),
      faultOf(openFor(keys, good.owner, good.sealed)),
    ]);
    expect(damaged).toMatchObject({ code: 'SEAL_KEY_DAMAGED' });
    expect(readable).toEqual(Buffer.from(secret));
    expect(alone).toBe('none');
  });

  test('what is read in the grace does not make it longer', async () => {
    const { maxAgeMs, graceMs } = keyringLimits;
    const keys = bed.open();
    const owner = someone();
    const sealed = await sealFor(keys, owner);
    bed.plugs.service = false;
    await bed.watch.probe();
    bed.clock.advance(maxAgeMs + graceMs);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    bed.clock.advance(1);
    expect(bed.watch.state()).toBe('unavailable');
    expect(await faultOf(openFor(keys, owner, sealed))).toBe('KEY_SERVICE_UNAVAILABLE');
  });

  test('a partition that was wrapped anew meanwhile is looked up again for a new person', async () => {
    const keys = bed.open();
    await sealFor(keys, someone());
    const { testKeys, watch, keyPool, clock } = bed;
    const options = { jobs: createJobStore(keyPool), clock, ids: { next: () => randomUUID() } };
    const stores = [bed.open({ maxAgeMs: 0, graceMs: 0, marginMs: 0 })];
    expect(await runJob(rotateKekJob({ stores, watch }), options)).toBe('DONE');
    const version = await testKeys.keyService.currentVersion();
    expect(await runJob(retireKekJob({ stores, watch }, version), options)).toBe('DONE');
    keys.partitions.removeOlder(Number.POSITIVE_INFINITY);
    const owner = someone();
    expect(await openFor(bed.open(), owner, await sealFor(keys, owner))).toBe(secret);
  });
});
