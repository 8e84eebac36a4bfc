import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { systemClock } from '@caregraph/clock';
import { openKeyService } from '@caregraph/encryption';
import { createErasureSigner, makeListMarker, markerPath } from '@caregraph/erasure';
import { isThere, whenMissing } from '@caregraph/files';
import { createMadeFiles, thereAlready, type MadeFiles, type PlannedFile } from './made-files.ts';

const randomKey = () => randomBytes(32).toString('base64');
/** Passwords stand in URLs, so they hold letters and digits alone. */
const randomPassword = () => randomBytes(24).toString('hex');
const asJson = (value: object) => `${JSON.stringify(value)}\n`;

/**
 * Makes the secrets of a full deployment: an environment file, and beside it a folder with the key
 * pairs of break-glass grants, of document manifests and of erasures, the key of imports, and the
 * key-encryption key.
 *
 * Threats: another account of the machine reads a secret (what is private is made with mode 0600),
 * or a second run replaces keys without which nothing sealed or indexed is found again (a file that
 * is there already stops the command before it has written any). A run that fails, as with a
 * passphrase that is refused, leaves nothing: the next one would take it for keys that are in use.
 *
 * @param out path of the environment file, e.g. `.env`
 * @param kekPassphraseFile what is in this file seals the key-encryption key
 * @returns the paths that were written
 * @throws Error naming the file that is there already, or a passphrase beside its key
 * @throws KeyServiceError KEY_SERVICE_MISCONFIGURED for a passphrase that is refused
 * @example await makeFullDeploymentKeys('.env'); // .env, .env.keys/break-glass-key.json, …
 */
export async function makeFullDeploymentKeys(
  out: string,
  kekPassphraseFile?: string,
): Promise<readonly string[]> {
  const environment = resolve(out);
  const folder = join(dirname(environment), `${basename(environment)}.keys`);
  const files = await plan(environment, folder, kekPassphraseFile);
  const kek = kekPath(environment);
  for (const path of [...files.map(([one]) => one), kek]) {
    if (await isThere(path)) throw thereAlready(path);
  }
  await refuseBesideKey(kek, kekPassphraseFile);
  const made = createMadeFiles();
  try {
    await makeAll(made, { environment, folder, files, kekPassphraseFile });
  } catch (error) {
    await made.removeAll();
    throw error;
  }
  return [...files.map(([path]) => path), kek];
}

async function makeAll(
  made: MadeFiles,
  what: {
    readonly environment: string;
    readonly folder: string;
    readonly files: readonly PlannedFile[];
    readonly kekPassphraseFile: string | undefined;
  },
): Promise<void> {
  const { environment, folder, files, kekPassphraseFile } = what;
  const [first, ...others] = files;
  // First: the one that a run at the same time would make as well.
  if (first !== undefined) await made.file(first);
  await made.folder(folder);
  await made.folder(erasureFolder(environment));
  const kek = kekPath(environment);
  await made.folder(dirname(kek));
  made.willBeMade(kek);
  await makeKek(kek, kekPassphraseFile);
  for (const file of others) await made.file(file);
}

/** Threat: whoever copies the folder of the key has what opens it, too. */
async function refuseBesideKey(kek: string, passphraseFile: string | undefined): Promise<void> {
  if (passphraseFile === undefined) return;
  const real = (path: string) => realpath(path).catch(whenMissing(resolve(path)));
  const [folder, passphrases] = [await real(dirname(kek)), await real(dirname(passphraseFile))];
  if (folder !== passphrases) return;
  throw new Error(`${passphraseFile} would lie beside the key that it seals: keep it elsewhere`);
}

async function plan(
  environment: string,
  folder: string,
  kekPassphraseFile: string | undefined,
): Promise<readonly PlannedFile[]> {
  const [grants, documents] = [await makeSigningKey(), await makeSigningKey()];
  const erasures = await makeSigningKey();
  const at = (name: string) => join(folder, name);
  const variables = {
    OPERATION_HASH_KEY: randomKey(),
    EVENT_DELIVERY_KEY: randomKey(),
    ROUTER_CONTEXT_KEY: randomKey(),
    IDENTITY_SEALING_KEY: randomKey(),
    POSTGRES_PASSWORD: randomPassword(),
    RABBITMQ_PASSWORD: randomPassword(),
    BREAK_GLASS_KEY_FILE: at('break-glass-key.json'),
    BREAK_GLASS_JWKS_FILE: at('break-glass-jwks.json'),
    BREAK_GLASS_JWKS_URL: pathToFileURL(at('break-glass-jwks.json')).href,
    DOCUMENT_SIGNING_KEY_FILE: at('document-signing-key.json'),
    DOCUMENT_KEYS_FILE: at('document-keys.json'),
    ERASURE_SIGNING_KEY_FILE: at('erasure-signing-key.json'),
    ERASURE_KEYS_FILE: at('erasure-keys.json'),
    ERASURE_LIST_DIR: erasureFolder(environment),
    IMPORT_KEY_FILE: at('import-key'),
    KEY_SERVICE: 'key-file',
    KEK_FILE: kekPath(environment),
    ...(kekPassphraseFile !== undefined && {
      KEK_PASSPHRASE_FILE: resolve(kekPassphraseFile),
      // compose.yaml shows the containers this file at its own path.
      KEK_PASSPHRASE_MOUNT: resolve(kekPassphraseFile),
    }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return [
    [environment, 0o600, lines.join('')],
    [variables.BREAK_GLASS_KEY_FILE, 0o600, asJson(grants.privateJwk)],
    [variables.BREAK_GLASS_JWKS_FILE, 0o644, asJson({ keys: [grants.publicJwk] })],
    [variables.DOCUMENT_SIGNING_KEY_FILE, 0o600, asJson(documents.privateJwk)],
    [variables.DOCUMENT_KEYS_FILE, 0o644, asJson({ keys: [documents.publicJwk] })],
    [variables.ERASURE_SIGNING_KEY_FILE, 0o600, asJson(erasures.privateJwk)],
    [variables.ERASURE_KEYS_FILE, 0o644, asJson({ keys: [erasures.publicJwk] })],
    [variables.IMPORT_KEY_FILE, 0o600, `${randomKey()}\n`],
    [markerPath(variables.ERASURE_LIST_DIR), 0o644, asJson(await markerOf(erasures))],
  ];
}

/**
 * The key-encryption key, where no Vault and no KMS holds it: in a folder of its own, because every
 * subgraph must see that folder and none of the other private keys.
 */
function kekPath(environment: string): string {
  return join(dirname(environment), `${basename(environment)}.kek`, 'kek.json');
}

/** The list is there from the beginning, so that one that is not mounted is told from an empty one. */
const markerOf = (key: SigningKey) => makeListMarker(createErasureSigner(key), systemClock.now());

/** The list of erasures: in a folder of its own, which every subgraph may read. */
function erasureFolder(environment: string): string {
  return join(dirname(environment), `${basename(environment)}.erasures`);
}

async function makeKek(path: string, passphraseFile: string | undefined): Promise<void> {
  const config = { kind: 'key-file', path, passphraseFile } as const;
  const made = await openKeyService(config, { clock: systemClock, makeKeyFile: true });
  await made.close();
}
