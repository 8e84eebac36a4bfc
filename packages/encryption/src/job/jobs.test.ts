import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestKeys, type TestKeys } from '@caregraph/testbed';

let keys: TestKeys;
beforeAll(async () => {
  keys = await createTestKeys();
});
afterAll(() => keys.stop());

describe('x', () => {
  it('seals and opens', async () => {
    const store = keys.open('patient');
    const owner = '019ab000-0000-7000-8000-000000000001';
    const place = { store: 'patient', model: 'Patient', field: 'name', rowId: owner, ownerId: owner };
    const [sealed = new Uint8Array()] = await store.codec.sealMany([{ ...place, plain: Buffer.from('Rehana') }]);
    const other = keys.open('patient');
    const [plain] = await other.codec.openMany([{ ...place, sealed }]);
    expect(Buffer.from(plain ?? []).toString()).toBe('Rehana');
  });
});
