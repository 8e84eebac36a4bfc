import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';

/** A new key is published ahead of its first signature by more than these two together. */
const cacheMaxAge = 300_000;
const cooldownDuration = 5_000;

/**
 * The issuer's public keys: fetched and kept for five minutes, or read once from a file.
 *
 * @param url https:, http: on this machine, or file:
 * @throws when a file cannot be read or is no key set
 * @example const keys = await readKeySet(new URL('https://id.example.org/jwks'));
 */
export async function readKeySet(url: URL): Promise<JWTVerifyGetKey> {
  if (url.protocol !== 'file:') return createRemoteJWKSet(url, { cacheMaxAge, cooldownDuration });
  // jose checks the shape of the key set when it reads it.
  return createLocalJWKSet(JSON.parse(await readFile(url, 'utf8')) as JSONWebKeySet);
}
