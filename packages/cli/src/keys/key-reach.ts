import { createIdSource, systemClock } from '@caregraph/clock';
import {
  createPool,
  databaseNames,
  storeNames,
  type DatabasePool,
  type DatabaseTarget,
  type StoreName,
} from '@caregraph/database';
import { openEmbeddedKeyService, openKeyKeeping, type KeyKeeping } from '@caregraph/deployment';
import { keyServiceConfigOf, openKeyService, type KeyService } from '@caregraph/encryption';
import {
  readEmbeddedConfig,
  readErasureConfig,
  readKeyServiceVariables,
  readStoreUrl,
} from '../config.ts';
import { withStoreTargets, type StoreTarget } from '../migrate-target.ts';

const databases = databaseNames.filter((name) => name !== 'identity');

/** What a command on keys works with. */
export interface KeyReach {
  readonly keeping: KeyKeeping;
  readonly keyPool: DatabasePool;
  readonly pools: Readonly<Record<StoreName, DatabasePool>>;
}

/**
 * Runs `work` on the keys of a deployment, beside its live traffic: those of the environment
 * (DATABASE_URL_KEYS, DATABASE_URL_PATIENT and its siblings, KEY_SERVICE …), else the embedded ones.
 */
export async function withKeys(work: (reach: KeyReach) => Promise<unknown>): Promise<void> {
  refuseHalf();
  await withStoreTargets(databases, (targets) => onTargets(targets, work), { join: true });
}

/**
 * Threat: one address is forgotten, and a job works on the embedded store in its place. Defence: all
 * are named, or none.
 */
function refuseHalf(): void {
  const missing = databases.filter((name) => readStoreUrl(name) === undefined);
  if (missing.length === 0 || missing.length === databases.length) return;
  const variables = missing.map((name) => `DATABASE_URL_${name.toUpperCase()}`);
  throw new Error(`Keys lie beside every store: name ${variables.join(', ')} as well.`);
}

async function onTargets(
  targets: readonly StoreTarget[],
  work: (reach: KeyReach) => Promise<unknown>,
): Promise<void> {
  const targetOf = (name: string) => {
    const found = targets.find((one) => one.store === name)?.target;
    if (found === undefined) throw new Error(`no database for ${name}`);
    return found;
  };
  const poolOf = (name: string) =>
    createPool(targetOf(name), {
      maxConnections: 4,
      statementTimeoutMs: 60_000,
      applicationName: `caregraph-keys-${name}`,
    });
  const keyPool = poolOf('keys');
  const pools = byStore(poolOf);
  const keyService = await serviceOf(targetOf('keys'));
  const { PHONE_REGION: phoneRegion } = readEmbeddedConfig();
  const clock = systemClock;
  const ids = createIdSource(clock);
  try {
    const { KEY_BACKUP_DAYS: keyBackupDays } = readErasureConfig();
    const shared = { pools, keyPool, keyService, clock, ids, phoneRegion };
    const keeping = openKeyKeeping({ ...shared, keyBackupDays });
    await work({ keeping, keyPool, pools });
  } finally {
    await keyService.close();
    await Promise.all([keyPool, ...Object.values(pools)].map((pool) => pool.end()));
  }
}

function byStore(make: (name: StoreName) => DatabasePool): Record<StoreName, DatabasePool> {
  const [patient, clinical, prescription, institution, audit] = storeNames;
  return {
    patient: make(patient),
    clinical: make(clinical),
    prescription: make(prescription),
    institution: make(institution),
    audit: make(audit),
  };
}

/** The key service of the environment; without one, the embedded key file. */
async function serviceOf(keyDatabase: DatabaseTarget): Promise<KeyService> {
  const variables = readKeyServiceVariables();
  if (variables.KEY_SERVICE !== undefined) {
    return openKeyService(keyServiceConfigOf(variables), { clock: systemClock });
  }
  const { CAREGRAPH_DATA: dataDirectory, KEK_PASSPHRASE_FILE: passphraseFile } =
    readEmbeddedConfig();
  return openEmbeddedKeyService({ dataDirectory, keyDatabase, passphraseFile });
}
