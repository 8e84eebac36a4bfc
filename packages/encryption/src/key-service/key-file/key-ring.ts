import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@caregraph/clock';
import { z } from 'zod';
import { keyBytes } from '../key-request.ts';
import { keyFileInvalid } from './key-file-invalid.ts';

/** One version of the KEK, in memory. */
export interface KekVersion {
  readonly version: number;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly key: Buffer;
}

/** All versions that still open keys, oldest first and without gaps; never empty. */
export type KeyRing = readonly KekVersion[];

const writtenVersion = z.strictObject({
  version: z.number().int().min(1).max(0xffff_ffff),
  madeAt: z.iso.datetime(),
  key: z.base64(),
  check: z.string(),
});

/** The part of a key file that is sealed when there is a passphrase. */
export const writtenRing = z.array(writtenVersion).min(1).max(10_000);

export function newKekVersion(version: number, clock: Clock): KekVersion {
  return { version, madeAt: clock.now().toISOString(), key: randomBytes(keyBytes) };
}

export function newestOf(ring: KeyRing): KekVersion {
  const newest = ring.at(-1);
  if (newest === undefined) throw new RangeError('A key ring is never empty.');
  return newest;
}

export function wipeRing(ring: KeyRing): void {
  for (const { key } of ring) key.fill(0);
}

export function writeRing(ring: KeyRing): z.infer<typeof writtenRing> {
  return ring.map(({ version, madeAt, key }) => ({
    version,
    madeAt,
    key: key.toString('base64'),
    check: checkOf(key),
  }));
}

/**
 * Threat: a flipped bit still decodes to 32 bytes, and what is wrapped with them is lost with the
 * next good copy of the file. Defence: every version has a check value, and a version that is
 * missing between two others counts as damage.
 */
export function readRing(path: string, written: z.infer<typeof writtenRing>): KeyRing {
  const ring = written.map(({ version, madeAt, key, check }, index) => {
    const bytes = Buffer.alloc(keyBytes);
    const length = Buffer.from(key, 'base64').copy(bytes);
    const inOrder = version === (written[0]?.version ?? 0) + index;
    if (length !== keyBytes || !inOrder || check !== checkOf(bytes)) {
      throw keyFileInvalid(path, `version ${version} is damaged; restore the file from a backup`);
    }
    return { version, madeAt, key: bytes };
  });
  return ring;
}

/**
 * Threat: the file is replaced under a running process, by an older copy or one with other keys;
 * keys would be wrapped that nothing opens later. Defence: versions that the process knew must be
 * there unchanged, but for retired ones.
 */
export function checkSuccession(path: string, known: KeyRing, read: KeyRing): void {
  if (newestOf(read).version < newestOf(known).version) {
    throw keyFileInvalid(path, 'it has lost versions that it had; restore the newest copy');
  }
  for (const { version, key } of read) {
    const before = known.find((entry) => entry.version === version);
    if (before !== undefined && !timingSafeEqual(before.key, key)) {
      throw keyFileInvalid(path, `version ${version} is not the key that it was`);
    }
  }
}

/** A digest of 256 random bits gives nothing away. */
function checkOf(key: Buffer): string {
  return createHash('sha256').update('caregraph/kek-check').update(key).digest('hex').slice(0, 16);
}
