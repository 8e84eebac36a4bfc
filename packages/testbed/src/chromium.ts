import { existsSync } from 'node:fs';
import { ensureDebianPackage, type Installation } from './debian.ts';

/** Where Debian puts the browser that tests of pages drive. */
const chromiumPath = '/usr/bin/chromium';

/** Installs Debian's Chromium when it is missing and this process may. */
export function ensureChromium(log: (line: string) => void): Promise<Installation> {
  return ensureDebianPackage('chromium', () => existsSync(chromiumPath), log);
}

/**
 * The browser for a test of a page: the one that CHROMIUM names, else Debian's.
 *
 * @returns the path of its program
 * @throws Error that says why there is none: a test that was not run must not look like one that was
 */
export async function requireChromium(): Promise<string> {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const found = await ensureChromium(() => undefined);
  if ('unavailable' in found) throw new Error(`no Chromium: ${found.unavailable}`);
  return chromiumPath;
}
