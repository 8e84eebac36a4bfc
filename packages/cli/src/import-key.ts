import { readOrMakeKeys } from '@caregraph/deployment';
import { readPrivateFile } from '@caregraph/files';
import { readEmbeddedConfig, readImportConfig } from './config.ts';

/** Which key an import makes ids with. */
export interface ImportKeyWish {
  /** The file that the command names; else the one that the environment names. */
  readonly file?: string | undefined;
  /** The GraphQL endpoint of the server. */
  readonly url: string;
  /** Whether the server is the embedded deployment of this machine. */
  readonly isOurServer: () => Promise<boolean>;
}

/**
 * The key that makes the ids of an import.
 *
 * Threat: an import takes a key of another deployment, e.g. that of the embedded one on the
 * machine of whoever imports into a full one, and writes everybody a second time. Defence: without
 * a file that is named, the key of this machine counts only for a server that takes tokens which
 * this machine has signed.
 *
 * @throws Error when no key is named for another server, others may read the file, or it is no key
 */
export async function findImportKey(
  { file, url, isOurServer }: ImportKeyWish,
  environment?: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const named = file ?? readImportConfig(environment).IMPORT_KEY_FILE;
  if (named !== undefined) return readImportKey(named);
  if (await isOurServer()) {
    return (await readOrMakeKeys(readEmbeddedConfig(environment).CAREGRAPH_DATA)).importIds;
  }
  throw new Error(
    `The server at ${new URL(url).origin} is not the embedded one of this machine: name its import key with --key-file or IMPORT_KEY_FILE.`,
  );
}

/** Base64 of 32 bytes, as `caregraph keys init` writes it. */
async function readImportKey(path: string): Promise<Uint8Array> {
  const text = (await readPrivateFile(path)).trim();
  const key = new Uint8Array(Buffer.from(text, 'base64'));
  const isKey = key.length === 32 && Buffer.from(key).toString('base64') === text;
  if (!isKey) throw new Error(`${path} is not an import key: base64 of 32 bytes`);
  return key;
}
