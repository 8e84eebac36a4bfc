import { hash, parseOptions, verify } from '@node-rs/argon2';

/**
 * What a password costs to check: argon2id with 19 MiB, 2 passes and 1 lane, the configuration that
 * the OWASP Password Storage Cheat Sheet names first for a server that must also do other work.
 */
export const hashParameters = {
  // Argon2id; the library's enum has no value at run time.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
} as const;

/** One spelling for one password, whichever keyboard typed it (NIST SP 800-63B-4 §3.1.1.2). */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC');
}

/** Hashes a password with a random salt. @returns a PHC string (`$argon2id$v=19$m=…`) */
export function hashPassword(password: string): Promise<string> {
  return hash(normalisePassword(password), hashParameters);
}

/** Tells whether the password belongs to the hash. @throws when the hash is damaged */
export function isPasswordOf(password: string, passwordHash: string): Promise<boolean> {
  return verify(passwordHash, normalisePassword(password));
}

/** Tells whether a hash was made with other parameters than today's. */
export function needsNewHash(passwordHash: string): boolean {
  const made = parseOptions(passwordHash);
  const { algorithm, memoryCost, timeCost, parallelism } = hashParameters;
  return (
    made.algorithm !== algorithm ||
    made.memoryCost !== memoryCost ||
    made.timeCost !== timeCost ||
    made.parallelism !== parallelism
  );
}
