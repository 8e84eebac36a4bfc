import { expect, test } from 'vitest';
import { makeSigningKey, signDetached } from '@caregraph/access';
import { hasValidSignature, signManifest } from './manifest-signature.ts';

const bytes = Buffer.from('{"operations": []}\n');
const key = await makeSigningKey();
const keys = { keys: [key.publicJwk] };

test('a signature holds for these bytes and this client', async () => {
  const signature = await signManifest('field-app', bytes, key);
  expect(await hasValidSignature('field-app', bytes, signature, keys)).toBe(true);
  expect(await hasValidSignature('explorer', bytes, signature, keys)).toBe(false);
  expect(await hasValidSignature('field-app', bytes.subarray(1), signature, keys)).toBe(false);
});

test('what the same key signed as something else is no signature of a manifest', async () => {
  const right = { typ: 'caregraph-documents+jws', client: 'field-app' };
  const of = (as: { typ: string; client?: string }) => signDetached(bytes, as, key);
  expect(await hasValidSignature('field-app', bytes, await of(right), keys)).toBe(true);
  for (const as of [{ ...right, typ: 'at+jwt' }, { typ: right.typ }]) {
    expect(await hasValidSignature('field-app', bytes, await of(as), keys)).toBe(false);
  }
});
