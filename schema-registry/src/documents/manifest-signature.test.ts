import { expect, test } from 'vitest';
import { makeSigningKey } from '@caregraph/access';
import { CompactSign, importJWK } from 'jose';
import { hasValidSignature, signManifest } from './manifest-signature.ts';

const bytes = Buffer.from('{"operations": []}\n');
const key = await makeSigningKey();
const keys = { keys: [key.publicJwk] };

async function signed(header: Record<string, unknown>): Promise<string> {
  const compact = await new CompactSign(bytes)
    .setProtectedHeader({ alg: 'ES256', kid: key.keyId, ...header })
    .sign(await importJWK(key.privateJwk, 'ES256'));
  const [protectedHeader, , signature] = compact.split('.');
  return `${protectedHeader}..${signature}`;
}

test('a signature holds for these bytes, this client and this key', async () => {
  const signature = await signManifest('field-app', bytes, key);
  expect(signature).toMatch(/^[\w-]+\.\.[\w-]+$/);
  expect(await hasValidSignature('field-app', bytes, `${signature}\n`, keys)).toBe(true);
  expect(await hasValidSignature('explorer', bytes, signature, keys)).toBe(false);
  expect(await hasValidSignature('field-app', bytes.subarray(1), signature, keys)).toBe(false);
  const other = { keys: [(await makeSigningKey()).publicJwk] };
  expect(await hasValidSignature('field-app', bytes, signature, other)).toBe(false);
  expect(await hasValidSignature('field-app', bytes, signature, { keys: [] })).toBe(false);
});

test('nothing else that the key signed is a signature of a manifest', async () => {
  const right = { typ: 'caregraph-documents+jws', client: 'field-app' };
  expect(await hasValidSignature('field-app', bytes, await signed(right), keys)).toBe(true);
  for (const header of [{ ...right, typ: 'at+jwt' }, { client: 'field-app' }, { typ: right.typ }]) {
    expect(await hasValidSignature('field-app', bytes, await signed(header), keys)).toBe(false);
  }
});

test('what is no signature is not valid, and no fault', async () => {
  const signature = await signManifest('field-app', bytes, key);
  const [header = '', , made = ''] = signature.split('.');
  const none = Buffer.from('{"alg":"none","client":"field-app"}').toString('base64url');
  const attempts = [
    '',
    '..',
    'x',
    `${none}..`,
    `${none}..${made}`,
    `${header}..`,
    `${header}..${'A'.repeat(86)}`,
  ];
  for (const attempt of [...attempts, `${header}.${bytes.toString('base64url')}.${made}`]) {
    expect(await hasValidSignature('field-app', bytes, attempt, keys)).toBe(false);
  }
});
