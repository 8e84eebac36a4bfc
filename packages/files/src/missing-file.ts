import { lstat, readFile } from 'node:fs/promises';

/** Tells whether a fault of the operating system has a code, e.g. `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/**
 * Takes a file that is not there for a value; any other failure stays a fault.
 *
 * @example await readdir(path).catch(whenMissing([]))
 */
export function whenMissing<TValue>(value: TValue): (error: unknown) => TValue {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return value;
    throw error;
  };
}

/** Tells whether anything has this name: a link that leads nowhere, too, is somebody's. */
export async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(whenMissing(undefined))) !== undefined;
}

/** The text of a file, UTF-8, or undefined when it is not there. */
export function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(whenMissing(undefined));
}
