import { existsSync } from 'node:fs';
import { ensureDebianPackage, type Installation } from './debian.ts';

/** Where Debian puts the browser that tests of pages drive. */
export const chromiumPath = '/usr/bin/chromium';

/** Installs Debian's Chromium when it is missing and this process may. */
export function ensureChromium(log: (line: string) => void): Promise<Installation> {
  return ensureDebianPackage('chromium', () => existsSync(chromiumPath), log);
}
