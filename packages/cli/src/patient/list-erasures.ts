import { readFile } from 'node:fs/promises';
import { embeddedErasureList, erasureTargets } from '@caregraph/deployment/erasures';
import {
  checkErasureList,
  openErasureList,
  verifyCertificate,
  type ErasureEntry,
  type ErasureTarget,
} from '@caregraph/erasure';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { readErasureConfig } from '../config.ts';
import { readSigningKey } from '../documents/signing-key.ts';
import { embeddedData } from '../embedded-data.ts';
import { embeddedKey, isEmbedded, unnamedStores, withOpenStores } from './erasure-target.ts';

const jwkSet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * One line an erasure, with what its certificate is worth, and what a start would refuse.
 *
 * Threat: a restore is taken for good by this command, while the list lacks somebody, or a store has
 * somebody again. Defence: it looks at all that a start looks at, and where it cannot, it says so.
 *
 * @returns false when an erasure is not complete, a certificate does not hold, the list lacks
 *   somebody, or no store was looked at
 * @throws Error when the folder is not the list, or holds what is not to be believed
 */
export async function listErasures(say: (line: string) => void): Promise<boolean> {
  const source = await sourceOf();
  const { unnamed } = source;
  if (unnamed.length > 0) {
    await listFrom([], source, say);
    say(`NO STORE WAS LOOKED AT, as a start does: name ${unnamed.join(', ')} as well`);
    return false;
  }
  let holds = false;
  await withOpenStores(async ({ pools, keyPool }) => {
    holds = await listFrom(erasureTargets(pools, keyPool), source, say);
  });
  return holds;
}

async function listFrom(
  stores: readonly ErasureTarget[],
  { directory, keys, keyBackupDays }: Source,
  say: (line: string) => void,
): Promise<boolean> {
  const list = openErasureList({ directory, keys });
  const { erasures, lacking } = await checkErasureList({ stores, list, keyBackupDays });
  if (erasures.length === 0) say(`${directory}: nobody was erased`);
  let allHold = lacking === undefined;
  for (const { entry, done } of erasures) {
    const holds = await verifyCertificate(entry, keys);
    allHold &&= holds && done;
    say(lineOf(entry, { holds, done }));
  }
  if (lacking !== undefined) say(`THE LIST IS NOT WHOLE: ${lacking}`);
  return allHold;
}

function lineOf(
  { record, certificate }: ErasureEntry,
  { holds, done }: { readonly holds: boolean; readonly done: boolean },
): string {
  const { patientId, reason, requestedAt, state } = record;
  const begun = `${patientId}  ${reason.padEnd(17)}  ${requestedAt}`;
  if (state === 'REQUESTED' || certificate === undefined) {
    return `${begun}  NOT COMPLETED: run caregraph patient erase again`;
  }
  if (!holds) return `${begun}  CERTIFICATE DOES NOT HOLD`;
  if (!done) {
    return `${begun}  A STORE OR ITS KEYS HAD IT AGAIN: run caregraph patient erase again`;
  }
  return `${begun}  completed ${certificate.completedAt}, key backups expire ${certificate.keyBackupsExpireOn}`;
}

interface Source {
  readonly directory: string;
  readonly keys: JSONWebKeySet;
  readonly keyBackupDays: number;
  /** Databases of a full deployment that the environment does not name. */
  readonly unnamed: readonly string[];
}

/**
 * Where to look. A list and keys that are named are those of a full deployment: the stores of an
 * embedded one on this machine do not answer for it, nor its list for stores that are named.
 */
async function sourceOf(): Promise<Source> {
  const config = readErasureConfig();
  const { ERASURE_LIST_DIR, ERASURE_SIGNING_KEY_FILE, ERASURE_KEYS_FILE } = config;
  const { KEY_BACKUP_DAYS: keyBackupDays } = config;
  const unnamed = unnamedStores();
  const keys = await namedKeys(ERASURE_KEYS_FILE, ERASURE_SIGNING_KEY_FILE);
  if (keys !== undefined && ERASURE_LIST_DIR !== undefined) {
    return { directory: ERASURE_LIST_DIR, keys, keyBackupDays, unnamed };
  }
  if (!isEmbedded(unnamed)) {
    throw new Error('Stores are named: name ERASURE_LIST_DIR and ERASURE_KEYS_FILE as well.');
  }
  const data = await embeddedData();
  const { directory } = await embeddedErasureList(data, ERASURE_LIST_DIR);
  // Its own key, as at a start, and no other.
  const own = { keys: [(await embeddedKey(data)).publicJwk] };
  return { directory, keys: own, keyBackupDays, unnamed: [] };
}

async function namedKeys(
  publicFile: string | undefined,
  privateFile: string | undefined,
): Promise<JSONWebKeySet | undefined> {
  if (publicFile !== undefined) return jwkSet.parse(JSON.parse(await readFile(publicFile, 'utf8')));
  if (privateFile === undefined) return undefined;
  return { keys: [(await readSigningKey(privateFile)).publicJwk] };
}
