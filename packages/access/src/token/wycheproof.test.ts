import { readFileSync } from 'node:fs';
import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import { expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { refuseNonCanonicalSegments } from './canonical-segments.ts';
import { createTokenVerifier } from './verify-token.ts';

interface Vectors {
  readonly publicKey: JWK;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly jws: string;
    readonly result: 'valid' | 'invalid';
  }[];
}

const file = new URL('./vectors/wycheproof-es256.json', import.meta.url);
const { publicKey, tests } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const keys = createLocalJWKSet({ keys: [publicKey] });
const verifier = createTokenVerifier({
  issuer: 'https://identity.test',
  audience: 'https://caregraph.test',
  keys,
  clock: systemClock,
});

/** The two steps of the verifier that the vectors are about. */
async function signatureHolds(jws: string): Promise<boolean> {
  try {
    refuseNonCanonicalSegments(jws);
    await compactVerify(jws, keys, { algorithms: ['ES256'] });
    return true;
  } catch {
    return false;
  }
}

test.each(tests)('$tcId $comment: the signature is $result', async ({ jws, result }) => {
  expect(await signatureHolds(jws)).toBe(result === 'valid');
});

test.each(tests)('$tcId $comment: is no access token', async ({ jws }) => {
  await expect(verifier.verify(jws)).rejects.toMatchObject({
    code: expect.stringMatching(/^TOKEN_/) as unknown,
  });
});
