const form = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}._-]{1,62})[\p{L}\p{M}\p{N}]$/u;

/**
 * One spelling for one user name: NFKC, lower case, no spaces around it.
 *
 * @returns undefined when it is not 3 to 64 letters, digits, dots, hyphens or underscores
 */
export function normaliseUsername(typed: string): string | undefined {
  const name = typed.normalize('NFKC').trim().toLowerCase();
  return form.test(name) ? name : undefined;
}
