import { readFile } from 'node:fs/promises';
import { embeddedErasureList } from '@caregraph/deployment/erasures';
import { openErasureList, verifyCertificate, type ErasureEntry } from '@caregraph/erasure';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { readErasureConfig } from '../config.ts';
import { readSigningKey } from '../documents/signing-key.ts';
import { embeddedData } from '../embedded-data.ts';
import { embeddedKey } from './erasure-target.ts';

const jwkSet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * One line an erasure, with what its certificate is worth.
 *
 * @returns false when one was not completed, or a certificate does not hold
 */
export async function listErasures(say: (line: string) => void): Promise<boolean> {
  const { directory, keys } = await sourceOf();
  const entries = await openErasureList({ directory, keys }).readAll();
  if (entries.length === 0) say(`${directory}: nobody was erased`);
  let allHold = true;
  for (const entry of entries) {
    const holds = await verifyCertificate(entry, keys);
    allHold &&= holds && entry.record.state === 'COMPLETED';
    say(lineOf(entry, holds));
  }
  return allHold;
}

function lineOf({ record, certificate }: ErasureEntry, holds: boolean): string {
  const { patientId, reason, requestedAt, state } = record;
  const begun = `${patientId}  ${reason.padEnd(17)}  ${requestedAt}`;
  if (state === 'REQUESTED' || certificate === undefined) {
    return `${begun}  NOT COMPLETED: run caregraph patient erase again`;
  }
  if (!holds) return `${begun}  CERTIFICATE DOES NOT HOLD`;
  return `${begun}  completed ${certificate.completedAt}, key backups expire ${certificate.keyBackupsExpireOn}`;
}

async function sourceOf(): Promise<{ directory: string; keys: JSONWebKeySet }> {
  const config = readErasureConfig();
  const { ERASURE_LIST_DIR, ERASURE_SIGNING_KEY_FILE, ERASURE_KEYS_FILE } = config;
  const keys = await namedKeys(ERASURE_KEYS_FILE, ERASURE_SIGNING_KEY_FILE);
  if (keys !== undefined && ERASURE_LIST_DIR !== undefined) {
    return { directory: ERASURE_LIST_DIR, keys };
  }
  const data = await embeddedData();
  return {
    directory: (await embeddedErasureList(data, ERASURE_LIST_DIR)).directory,
    keys: keys ?? { keys: [(await embeddedKey(data)).publicJwk] },
  };
}

async function namedKeys(
  publicFile: string | undefined,
  privateFile: string | undefined,
): Promise<JSONWebKeySet | undefined> {
  if (publicFile !== undefined) return jwkSet.parse(JSON.parse(await readFile(publicFile, 'utf8')));
  if (privateFile === undefined) return undefined;
  return { keys: [(await readSigningKey(privateFile)).publicJwk] };
}
