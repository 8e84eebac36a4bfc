import { join } from 'node:path';

/** The folder that holds the root package.json. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..');

/** The environment for tools of this repository: its own Node and its own binaries come first. */
export function toolEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const bin = join(repositoryRoot, 'node_modules', '.bin');
  const separator = process.platform === 'win32' ? ';' : ':';
  return { ...process.env, PATH: `${bin}${separator}${process.env['PATH'] ?? ''}`, ...extra };
}
