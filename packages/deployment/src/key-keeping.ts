import { clinicalSealedFields } from '@caregraph/clinical-subgraph';
import type { Clock, IdSource } from '@caregraph/clock';
import { storeNames, type DatabasePool, type StoreName } from '@caregraph/database';
import {
  createKeyKeeper,
  createKeyServiceWatch,
  KeyJobError,
  keyringLimits,
  observeKeys,
  openStoreKeys,
  type KeyJob,
  type KeyKeeper,
  type KeyOwner,
  type KeyService,
  type KeyServiceWatch,
  type SealedFields,
  type StoreKeys,
} from '@caregraph/encryption';
import { institutionsAmong, institutionSealedFields } from '@caregraph/institution-subgraph';
import type { Logger, Metrics } from '@caregraph/observability';
import {
  createMissingDistricts,
  patientSealedFields,
  registeredAt,
} from '@caregraph/patient-subgraph';
import { prescriptionSealedFields } from '@caregraph/prescription-subgraph';
import { createSealing, referredAt, type Sealing } from '@caregraph/subgraph';

const sealedFields: Readonly<Partial<Record<StoreName, SealedFields>>> = {
  patient: patientSealedFields,
  clinical: clinicalSealedFields,
  prescription: prescriptionSealedFields,
  institution: institutionSealedFields,
};

export interface KeyKeepingOptions {
  readonly pools: Readonly<Record<StoreName, DatabasePool>>;
  readonly keyPool: DatabasePool;
  readonly keyService: KeyService;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** ISO 3166-1 region of phone numbers without a country code. */
  readonly phoneRegion: string;
  /** How long backups are kept, and with them what opens them, in days; 35 when left out. */
  readonly keyBackupDays?: number | undefined;
}

/** The keys of all subgraphs, and the jobs on them. */
export interface KeyKeeping {
  readonly watch: KeyServiceWatch;
  readonly keeper: KeyKeeper;
  /** Tells of the keys of all subgraphs. */
  observe(metrics: Metrics): void;
  keys(name: StoreName): StoreKeys;
  /** Whether the store has sealed fields. */
  seals(name: StoreName): boolean;
  sealing(name: StoreName): Sealing;
}

type OwnersIn = (pool: DatabasePool, ownerIds: readonly string[]) => Promise<readonly KeyOwner[]>;

/** Where each store tells the institution of those whose keys its rows are sealed with. */
const ownersIn: Readonly<Record<StoreName, OwnersIn>> = {
  patient: registeredAt,
  clinical: referredAt,
  prescription: referredAt,
  institution: institutionsAmong,
  audit: async () => [],
};

/** Opens the keys of all subgraphs over one key service and one key database. */
export function openKeyKeeping(options: KeyKeepingOptions): KeyKeeping {
  const { pools, keyPool, keyService, clock, ids, phoneRegion } = options;
  const watch = createKeyServiceWatch({
    service: keyService,
    clock,
    graceMs: keyringLimits.graceMs,
  });
  const opened = storeNames.map((store) => {
    const keys = openStoreKeys({ store, keyPool, watch, clock, ids });
    return [store, { keys, sealing: createSealing({ keys, phoneRegion }) }] as const;
  });
  const of = (name: StoreName) => {
    const found = opened.find(([store]) => store === name)?.[1];
    if (found === undefined) throw new Error(`no keys for ${name}`);
    return found;
  };
  const stores = opened.map(([store, { keys, sealing }]) => {
    const fields = sealedFields[store];
    if (fields === undefined) return { keys };
    const ownersAmong = (ids: readonly string[]) => ownersIn[store](pools[store], ids);
    const sealed = { pool: pools[store], fields, sealing, ownersAmong };
    const missing = createMissingDistricts(pools.patient);
    return { keys, sealed: store === 'patient' ? { ...sealed, missing } : sealed };
  });
  const keepReplacedMs = (options.keyBackupDays ?? 35) * 86_400_000;
  const keeper = createKeyKeeper({ stores, keyPool, watch, clock, ids, keepReplacedMs });
  const allKeys = stores.map((one) => one.keys);
  return {
    watch,
    keeper,
    observe: (metrics) => {
      observeKeys(metrics, { watch, stores: allKeys, jobs: keeper.jobs });
    },
    keys: (name) => of(name).keys,
    seals: (name) => sealedFields[name] !== undefined,
    sealing: (name) => of(name).sealing,
  };
}

const everyMs = 3_600_000;

/**
 * Goes on with what was left and starts what is due, now and every hour: the embedded profile has
 * nobody else who would.
 */
export function startKeeping(keeper: KeyKeeper, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let round: Promise<void> = Promise.resolve();
  const keep = async () => {
    for (const job of await keeper.due()) {
      // One that fails must not keep the others from their turn.
      const outcome = await keeper.run(job, { signal: stopping.signal }).catch(endedBadly(job));
      log.info('a key job ran', { store: job.store, operation: job.kind, reason: outcome });
      if (job.kind === 'rotate-kek' && (outcome === 'DONE' || outcome === 'LEFT')) {
        log.warn('the key-encryption key has a new version: copy the key file to its backup');
      }
    }
  };
  const endedBadly = (job: KeyJob) => (error: unknown) => {
    const fields = { store: job.store, operation: job.kind };
    if (!(error instanceof KeyJobError)) {
      const code = 'KEY_JOB_FAILED';
      log.error('a key job failed and will be tried again', { code, ...fields, error });
      return 'FAILED' as const;
    }
    for (const { place, id, code } of error.left) {
      const reason = `${code} ${place} ${id}`;
      log.error('a key job left a row or key as it is', {
        code: 'KEY_JOB_LEFT',
        ...fields,
        reason,
      });
    }
    return 'LEFT' as const;
  };
  const begin = () => {
    round = round.then(keep).catch((error: unknown) => {
      log.error('key jobs could not be looked for', { code: 'KEY_JOB_FAILED', error });
    });
  };
  begin();
  const timer = setInterval(begin, everyMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await round;
    },
  };
}
