import type { SigningKey } from '@caregraph/access';
import { systemClock } from '@caregraph/clock';
import {
  createPool,
  storeNames,
  type DatabaseName,
  type DatabasePool,
  type StoreName,
} from '@caregraph/database';
import {
  embeddedErasureList,
  openErasures,
  startErasures,
  type ErasureListPlace,
  type ErasureSource,
  type ListStart,
} from '@caregraph/deployment/erasures';
import { readOrMakeKeys } from '@caregraph/deployment/key-file';
import { openErasureList, type Erasure, type ErasureList } from '@caregraph/erasure';
import { readErasureConfig, readStoreUrl } from '../config.ts';
import { readSigningKey } from '../documents/signing-key.ts';
import { embeddedData } from '../embedded-data.ts';
import { withStoreTargets, type StoreTarget } from '../migrate-target.ts';

const databases: readonly DatabaseName[] = [...storeNames, 'keys'];

export interface OpenErasures {
  readonly erasure: Erasure;
  readonly list: ErasureList;
  /** The file that says that there was a list, where there may be one. */
  readonly note?: string | undefined;
  /** See `startErasures`. */
  start(how: { readonly anew: boolean }): Promise<ListStart>;
}

/**
 * Opens the stores that the environment names, or those of the embedded deployment, which may run
 * meanwhile: an erasure holds off whoever writes about the person.
 *
 * Threat: one of six addresses is forgotten, the embedded store answers in its place, and the
 * certificate tells of a store that was never looked at. Defence: all are named, or none.
 *
 * @throws Error when what is needed is not named, or there is no embedded deployment
 */
export async function withErasures(work: (open: OpenErasures) => Promise<void>): Promise<void> {
  const { place, key, keyBackupDays } = await sourceOf();
  await withOpenStores(async (stores) => {
    const source: ErasureSource = { place, key, keyBackupDays, ...stores, clock: systemClock };
    await work({
      erasure: openErasures(source),
      list: openErasureList({ directory: place.directory, keys: { keys: [key.publicJwk] } }),
      note: place.note,
      start: (how) => startErasures(source, how),
    });
  });
}

/** The databases of a deployment. */
export type OpenStores = Pick<ErasureSource, 'pools' | 'keyPool'>;

/** Opens all databases while `work` runs. That all are named, or none, is for the caller to see to. */
export async function withOpenStores(work: (stores: OpenStores) => Promise<void>): Promise<void> {
  await withStoreTargets(databases, (targets) => onTargets(targets, work), { join: true });
}

async function onTargets(
  targets: readonly StoreTarget[],
  work: (stores: OpenStores) => Promise<void>,
): Promise<void> {
  const poolOf = (name: DatabaseName): DatabasePool => {
    const found = targets.find((one) => one.store === name)?.target;
    if (found === undefined) throw new Error(`no database for ${name}`);
    return createPool(found, {
      maxConnections: 4,
      statementTimeoutMs: 20_000,
      applicationName: 'caregraph-erasure',
    });
  };
  const pools: Record<StoreName, DatabasePool> = {
    patient: poolOf('patient'),
    clinical: poolOf('clinical'),
    prescription: poolOf('prescription'),
    institution: poolOf('institution'),
    audit: poolOf('audit'),
  };
  const keyPool = poolOf('keys');
  try {
    await work({ pools, keyPool });
  } finally {
    await Promise.all([keyPool, ...Object.values(pools)].map((one) => one.end()));
  }
}

/** The variables of those databases that the environment does not name. */
export function unnamedStores(): readonly string[] {
  return databases
    .filter((name) => readStoreUrl(name) === undefined)
    .map((name) => `DATABASE_URL_${name.toUpperCase()}`);
}

/** Whether the environment names no database at all: the embedded deployment is meant. */
export const isEmbedded = (unnamed: readonly string[]) => unnamed.length === databases.length;

interface Source {
  readonly place: ErasureListPlace;
  readonly key: SigningKey;
  readonly keyBackupDays: number;
}

async function sourceOf(): Promise<Source> {
  const config = readErasureConfig();
  const { ERASURE_LIST_DIR, ERASURE_SIGNING_KEY_FILE, KEY_BACKUP_DAYS: keyBackupDays } = config;
  const missing = unnamedStores();
  if (isEmbedded(missing)) {
    const data = await embeddedData();
    const place = await embeddedErasureList(data, ERASURE_LIST_DIR);
    return { place, key: await embeddedKey(data), keyBackupDays };
  }
  const variables = [
    ...missing,
    ...(ERASURE_LIST_DIR === undefined ? ['ERASURE_LIST_DIR'] : []),
    ...(ERASURE_SIGNING_KEY_FILE === undefined ? ['ERASURE_SIGNING_KEY_FILE'] : []),
  ];
  if (ERASURE_LIST_DIR === undefined || ERASURE_SIGNING_KEY_FILE === undefined || variables[0]) {
    throw new Error(`An erasure needs every store: name ${variables.join(', ')} as well.`);
  }
  const key = await readSigningKey(ERASURE_SIGNING_KEY_FILE);
  return { place: { directory: ERASURE_LIST_DIR }, key, keyBackupDays };
}

/** The key of an embedded deployment. */
export async function embeddedKey(dataDirectory: string): Promise<SigningKey> {
  return (await readOrMakeKeys(dataDirectory)).erasureSigning;
}
