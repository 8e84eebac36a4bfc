import { open } from 'node:fs/promises';

/**
 * Reads a file that holds a secret.
 *
 * Threat: another account of the machine reads the secret. Defence: a file that others may read is
 * refused, so that nobody goes on with a secret that is none.
 *
 * @throws Error when others may read it; a file system error when it is not there
 */
export async function readPrivateFile(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { mode } = await file.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Error(`${path} may be read by others; run: chmod 600 ${path}`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
