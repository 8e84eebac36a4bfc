import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestKeys, type TestKeys } from '@caregraph/testbed';
import { openAll } from '../field-codec.ts';
import { eraseOwner, ownersNotErased } from '../index.ts';

let keys: TestKeys;
beforeAll(async () => {
  keys = await createTestKeys();
});
afterAll(() => keys.stop());

const institutionId = randomUUID();
const at = new Date('2026-05-01T10:00:00.000Z');
const place = (ownerId: string) => ({
  ...{ store: 'clinical', model: 'Checkup', field: 'notes', rowId: ownerId, ownerId },
});

/** Seals a value for a new owner, as a writer of another process would. */
async function sealed(ownerId: string): Promise<Uint8Array> {
  const { keyring, codec } = keys.open('clinical');
  await keyring.prepare([{ ownerId, institutionId }]);
  const [value] = await codec.sealMany([{ ...place(ownerId), plain: Buffer.from('cough') }]);
  return value ?? new Uint8Array();
}

const open = (ownerId: string, value: Uint8Array) =>
  openAll(keys.open('clinical').codec, [{ ...place(ownerId), sealed: value }]);

async function ownerRow(ownerId: string): Promise<unknown> {
  const { rows } = await keys.keyPool.query(
    `SELECT erased, erased_at AS at, keys_destroyed AS destroyed,
       (SELECT count(*)::int FROM clinical.data_key WHERE owner_id = o.id) AS keys
     FROM clinical.key_owner o WHERE id = $1`,
    [ownerId],
  );
  return rows[0];
}

test('what was sealed opens before an erasure and nowhere after it', async () => {
  const ownerId = randomUUID();
  const value = await sealed(ownerId);
  expect(Buffer.from((await open(ownerId, value))[0] ?? []).toString()).toBe('cough');
  expect(await eraseOwner(keys.keyPool, 'clinical', ownerId, at)).toBe(1);
  await expect(open(ownerId, value)).rejects.toMatchObject({ code: 'SEAL_KEY_UNKNOWN' });
  expect(await ownerRow(ownerId)).toEqual({ erased: true, at, destroyed: 1, keys: 0 });
});

test('a second run destroys nothing, tells the same and keeps the first date', async () => {
  const ownerId = randomUUID();
  await sealed(ownerId);
  for (const when of [at, new Date('2026-06-01T00:00:00.000Z')]) {
    expect(await eraseOwner(keys.keyPool, 'clinical', ownerId, when)).toBe(1);
  }
  expect(await ownerRow(ownerId)).toEqual({ erased: true, at, destroyed: 1, keys: 0 });
});

test('an owner without keys gets none afterwards, and retired keys go with the active one', async () => {
  const [never, rotated] = [randomUUID(), randomUUID()];
  expect(await eraseOwner(keys.keyPool, 'clinical', never, at)).toBe(0);
  await expect(sealed(never)).rejects.toMatchObject({ code: 'SEAL_OWNER_ERASED' });
  await sealed(rotated);
  await keys.keyPool.query(
    `UPDATE clinical.data_key SET state = 'RETIRED', retired_at = now() WHERE owner_id = $1`,
    [rotated],
  );
  await sealed(rotated);
  expect(await eraseOwner(keys.keyPool, 'clinical', rotated, at)).toBe(2);
});

test('a rotation that was under way ends with the keys', async () => {
  const [ownerId, other] = [randomUUID(), randomUUID()];
  for (const subject of [ownerId, other]) {
    await sealed(subject);
    await keys.keyPool.query(
      `INSERT INTO key_job (id, store, kind, subject, state, phase, position, created_at, updated_at)
       VALUES (gen_random_uuid(), 'clinical', 'rotate-data-key', $1, 'RUNNING', 'RESEAL', '{}',
         now(), now())`,
      [subject],
    );
  }
  await eraseOwner(keys.keyPool, 'clinical', ownerId, at);
  const { rows } = await keys.keyPool.query('SELECT subject FROM key_job');
  expect(rows).toEqual([{ subject: other }]);
});

test('keys of other subgraphs and of other people stay', async () => {
  const [ownerId, other] = [randomUUID(), randomUUID()];
  await keys.open('patient').keyring.prepare([{ ownerId, institutionId }]);
  const kept = await sealed(other);
  await eraseOwner(keys.keyPool, 'clinical', ownerId, at);
  const { rows } = await keys.keyPool.query(
    'SELECT count(*)::int AS count FROM patient.data_key WHERE owner_id = $1',
    [ownerId],
  );
  expect(rows).toEqual([{ count: 1 }]);
  expect(await open(other, kept)).toHaveLength(1);
  const asked = [ownerId, other];
  expect(await ownersNotErased(keys.keyPool, 'clinical', asked)).toEqual([other]);
  expect(await ownersNotErased(keys.keyPool, 'patient', asked)).toEqual(asked);
});

test('whoever makes keys at the same moment leaves none behind', async () => {
  for (let round = 0; round < 25; round += 1) {
    const ownerId = randomUUID();
    const writers = [1, 2, 3].map(() => sealed(ownerId).catch((error: unknown) => error));
    await Promise.all([...writers, eraseOwner(keys.keyPool, 'clinical', ownerId, at)]);
    expect(await ownerRow(ownerId), `round ${round}`).toMatchObject({ erased: true, keys: 0 });
  }
});

test('the name of a subgraph that is none is refused', async () => {
  await expect(eraseOwner(keys.keyPool, 'a"; --', randomUUID(), at)).rejects.toThrow(RangeError);
});
