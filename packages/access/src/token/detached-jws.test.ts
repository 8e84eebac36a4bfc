import { CompactSign, importJWK } from 'jose';
import { expect, test } from 'vitest';
import { isSignedDetached, signDetached } from './detached-jws.ts';
import { makeSigningKey } from './issue-token.ts';

const bytes = Buffer.from('{"operations": []}\n');
const key = await makeSigningKey();
const keys = { keys: [key.publicJwk] };
const as = { typ: 'caregraph-note+jws', client: 'field-app' };

async function signed(header: Record<string, unknown>): Promise<string> {
  const compact = await new CompactSign(bytes)
    .setProtectedHeader({ alg: 'ES256', kid: key.keyId, ...header })
    .sign(await importJWK(key.privateJwk, 'ES256'));
  const [protectedHeader, , signature] = compact.split('.');
  return `${protectedHeader}..${signature}`;
}

test('a signature holds for these bytes, as this, and for this key', async () => {
  const signature = await signDetached(bytes, as, key);
  expect(signature).toMatch(/^[\w-]+\.\.[\w-]+$/);
  expect(await isSignedDetached(bytes, as, `${signature}\n`, keys)).toBe(true);
  expect(await isSignedDetached(bytes.subarray(1), as, signature, keys)).toBe(false);
  const other = { keys: [(await makeSigningKey()).publicJwk] };
  expect(await isSignedDetached(bytes, as, signature, other)).toBe(false);
  expect(await isSignedDetached(bytes, as, signature, { keys: [] })).toBe(false);
});

test('it holds for nothing else that the same key signs', async () => {
  expect(await isSignedDetached(bytes, as, await signed(as), keys)).toBe(true);
  const others = [{ ...as, typ: 'at+jwt' }, { ...as, client: 'explorer' }, { typ: as.typ }];
  for (const header of [...others, { client: as.client }]) {
    expect(await isSignedDetached(bytes, as, await signed(header), keys)).toBe(false);
  }
});

test('what is no signature does not hold, and is no fault', async () => {
  const signature = await signDetached(bytes, as, key);
  const [header = '', , made = ''] = signature.split('.');
  const none = Buffer.from(JSON.stringify({ ...as, alg: 'none' })).toString('base64url');
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
    expect(await isSignedDetached(bytes, as, attempt, keys)).toBe(false);
  }
});
