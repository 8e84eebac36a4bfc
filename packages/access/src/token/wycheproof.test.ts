import { readFileSync } from 'node:fs';
import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import { expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { refuseNonCanonicalSegments } from './canonical-segments.ts';
import { createTokenVerifier, signatureOptions } from './verify-token.ts';

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

/** The two steps of the verifier that the vectors are about, with the verifier's own options. */
async function signatureHolds(jws: string): Promise<boolean> {
  try {
    refuseNonCanonicalSegments(jws);
    await compactVerify(jws, keys, signatureOptions);
    return true;
  } catch {
    return false;
  }
}

test.each(tests)('$tcId $comment: the signature is $result', async ({ jws, result }) => {
  expect(await signatureHolds(jws)).toBe(result === 'valid');
});

/** Whole vectors are no tokens, so the verifier stops at each; what matters is where. */
function refusalOf({ comment, jws, result }: Vectors['tests'][number]): RegExp {
  // The payload of a vector whose signature holds is the text `foo`, and no claims.
  if (result === 'valid') return /^TOKEN_MALFORMED$/;
  if (comment.includes('SymmetryConfusion')) return /^TOKEN_ALGORITHM_REFUSED$/;
  const whole = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(jws);
  return whole ? /^TOKEN_SIGNATURE_INVALID$/ : /^TOKEN_MALFORMED$/;
}

test.each(tests)('$tcId $comment: the verifier says why', async (vector) => {
  await expect(verifier.verify(vector.jws)).rejects.toMatchObject({
    code: expect.stringMatching(refusalOf(vector)) as unknown,
  });
});
