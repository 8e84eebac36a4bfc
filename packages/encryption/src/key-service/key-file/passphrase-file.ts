import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { KeyServiceError } from '../key-service-error.ts';

const posix = process.platform !== 'win32';
/** One that is made by hand; CareGraph does not judge more than this. */
const leastCharacters = 15;

/**
 * Reads the passphrase of a key file.
 *
 * Threats: another account reads it, or puts its own in its place before the key file is made; a
 * pipe keeps the process waiting. Defence: an ordinary file of ours or root's that only a group may
 * read besides. Kubernetes mounts secrets for a group, and as links, so both are taken.
 *
 * @returns the text without a line break at its end, which editors and `echo` put there
 * @throws KeyServiceError KEY_SERVICE_MISCONFIGURED
 */
export async function readPassphrase(path: string): Promise<string> {
  const passphrase = (await readChecked(path)).replace(/\r?\n$/, '');
  if (passphrase.length >= leastCharacters) return passphrase;
  throw misconfigured(`${path} holds a passphrase of fewer than ${leastCharacters} characters`);
}

async function readChecked(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | (posix ? constants.O_NONBLOCK : 0));
    checkKind(path, await file.stat());
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof KeyServiceError) throw error;
    throw misconfigured(`${path} cannot be read`);
  } finally {
    await file?.close();
  }
}

function checkKind(path: string, stats: Stats): void {
  if (!stats.isFile()) throw misconfigured(`${path} is not an ordinary file`);
  if (!posix) return;
  if (stats.uid !== 0 && stats.uid !== process.getuid?.()) {
    throw misconfigured(`${path} belongs to another account, which could read and change it`);
  }
  if ((stats.mode & 0o027) !== 0) {
    throw misconfigured(`others may read or change ${path}; run: chmod g-w,o-rwx ${path}`);
  }
}

function misconfigured(explanation: string): KeyServiceError {
  return new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
}
