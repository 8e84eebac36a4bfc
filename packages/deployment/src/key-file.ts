import { randomBytes } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import {
  createFile,
  isThere,
  parseJson,
  readPrivateFile,
  replaceFile,
  whenMissing,
} from '@caregraph/files';

/** The secrets of one embedded deployment, made on the spot at its first start. */
export interface DeploymentKeys {
  readonly tokenSigning: SigningKey;
  readonly operationHash: Uint8Array;
  /** Signs the grants that open a record outside of the scope. */
  readonly breakGlass: SigningKey;
  /** Signs the manifests of registered documents. */
  readonly documentSigning: SigningKey;
  /** Seals what is secret in identity's store. */
  readonly identitySealing: Uint8Array;
  /** Signs the list of erasures and their certificates. */
  readonly erasureSigning: SigningKey;
  /** Makes the ids of imported records. */
  readonly importIds: Uint8Array;
}

const key = z
  .string()
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
  .refine((bytes) => bytes.length === 32);
const jwk = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string() });
const signingKey = z.object({ keyId: z.string(), privateJwk: jwk, publicJwk: jwk });
const contents = z.object({
  tokenSigning: signingKey,
  operationHash: key,
  breakGlass: signingKey,
  documentSigning: signingKey,
  identitySealing: key,
  erasureSigning: signingKey,
  importIds: key,
});

/** Members that key files of older deployments lack: made when the file is next read. */
const addedLater: Readonly<Record<string, () => Promise<unknown>>> = {
  breakGlass: makeSigningKey,
  documentSigning: makeSigningKey,
  identitySealing: makeSecretKey,
  erasureSigning: makeSigningKey,
  importIds: makeSecretKey,
};

/**
 * Reads the key file of a data directory, or makes it.
 *
 * Threat: another account of the machine reads the keys. Defence: the file is made with mode 0600
 * and refused when others may read it.
 *
 * Threat: the file is lost, and new keys are made over data that the old ones sealed and signed.
 * Defence: it is made before everything else, so a folder with anything of a deployment had it.
 *
 * @param dataDirectory where the deployment keeps its data
 * @throws Error when the file is missing from data that is there, readable by others or damaged; it
 *   is never replaced by itself, because devices could not replay what was hashed under the old keys
 */
export async function readOrMakeKeys(dataDirectory: string): Promise<DeploymentKeys> {
  const path = keyFileIn(dataDirectory);
  await makeDataDirectory(dataDirectory);
  // Looked at first: of two first starts, the other may have made its keys and its data since.
  const trace = await traceOfData(dataDirectory);
  const known = await readKeys(path);
  if (known) return known;
  if (trace !== undefined) throw lostKeys(path, trace);
  await writeKeys(path);
  const made = await readKeys(path);
  if (made === undefined) throw new Error('the key file vanished while it was made');
  return made;
}

/** Whether a data directory has the keys of an embedded deployment; none are made. */
export function hasKeys(dataDirectory: string): Promise<boolean> {
  return isThere(keyFileIn(dataDirectory));
}

/** @throws Error when a data directory holds a deployment whose key file is missing */
export async function refuseLostKeys(dataDirectory: string): Promise<void> {
  const trace = await traceOfData(dataDirectory);
  if (trace === undefined || (await hasKeys(dataDirectory))) return;
  throw lostKeys(keyFileIn(dataDirectory), trace);
}

/** What a deployment makes after its keys: the cluster, its key-encryption key, its list's note. */
const madeLater = [join('postgres', 'cluster'), 'kek.json', 'erasure-list.json'];

async function traceOfData(dataDirectory: string): Promise<string | undefined> {
  for (const name of madeLater) {
    const path = join(dataDirectory, name);
    if (await isThere(path)) return path;
  }
  return undefined;
}

const lostKeys = (path: string, trace: string) =>
  new Error(
    `${path} is missing: restore it from its backup, because ${trace} is there and new keys open ` +
      'nothing of it. A folder that was only migrated and never started is taken away; for a ' +
      'deployment that is new, name an empty one with CAREGRAPH_DATA.',
  );

const keyFileIn = (dataDirectory: string) => join(dataDirectory, 'keys.json');

const othersMayWrite = 0o022;
const stickyBit = 0o1000;

/**
 * Threat: who may write to the directory puts other keys in place of ours. Defence: nobody else may,
 * whatever the umask under which it was made.
 */
async function makeDataDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const { uid, mode } = await stat(path);
  const isOurs = process.platform !== 'win32' && uid === process.getuid?.();
  if (!isOurs || (mode & othersMayWrite) === 0 || (mode & stickyBit) !== 0) return;
  await chmod(path, mode & 0o7777 & ~othersMayWrite);
}

async function readKeys(path: string): Promise<DeploymentKeys | undefined> {
  const text = await readPrivateFile(path).catch(whenMissing(undefined));
  if (text === undefined) return undefined;
  const written = parseJson(text);
  const parsed = contents.safeParse(await completed(path, written));
  if (!parsed.success) throw new Error(`${path} is damaged; restore it from a backup`);
  return parsed.data;
}

/** Adds what an older deployment did not have yet. A file that is damaged is left as it is. */
async function completed(path: string, written: unknown): Promise<unknown> {
  const known = contents.partial().safeParse(written);
  if (!known.success || known.data.tokenSigning === undefined) return written;
  const missing = Object.entries(addedLater).filter(([name]) => !Object.hasOwn(known.data, name));
  if (missing.length === 0) return written;
  const made = await Promise.all(missing.map(async ([name, make]) => [name, await make()]));
  const complete = { ...(written as object), ...Object.fromEntries(made) };
  await replaceFile(path, JSON.stringify(complete), 0o600);
  return complete;
}

/** Of two processes that start at once one makes them, and both go on with what it made. */
async function writeKeys(path: string): Promise<void> {
  const made = {
    tokenSigning: await makeSigningKey(),
    operationHash: await makeSecretKey(),
    breakGlass: await makeSigningKey(),
    documentSigning: await makeSigningKey(),
    identitySealing: await makeSecretKey(),
    erasureSigning: await makeSigningKey(),
    importIds: await makeSecretKey(),
  };
  await createFile(path, JSON.stringify(made), 0o600);
}

async function makeSecretKey(): Promise<string> {
  return randomBytes(32).toString('base64');
}
