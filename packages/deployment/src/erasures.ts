import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { auditErasure } from '@caregraph/audit-subgraph/erasure';
import { clinicalErasure } from '@caregraph/clinical-subgraph/erasure';
import { createIdSource, type Clock } from '@caregraph/clock';
import type { DatabasePool, StoreName } from '@caregraph/database';
import {
  createErasure,
  createErasureSigner,
  earlierList,
  openErasureList,
  startErasureList,
  type EarlierList,
  type Erasure,
  type ErasureTarget,
} from '@caregraph/erasure';
import { isThere } from '@caregraph/files';
import { institutionErasure } from '@caregraph/institution-subgraph/erasure';
import { patientErasure } from '@caregraph/patient-subgraph/erasure';
import { prescriptionErasure } from '@caregraph/prescription-subgraph/erasure';
import type { DeploymentKeys } from './key-file.ts';

/** Patients first: their store knows which records are of one person. */
const erasures = [
  patientErasure,
  clinicalErasure,
  prescriptionErasure,
  institutionErasure,
  auditErasure,
];

/** The stores of a deployment as an erasure needs them. */
export function erasureTargets(
  pools: Readonly<Record<StoreName, DatabasePool>>,
  keyPool: DatabasePool,
): readonly ErasureTarget[] {
  return erasures.map((erasure) => ({ erasure, pool: pools[erasure.store], keyPool }));
}

/** Where the list of erasures of a deployment is, and where it is noted that there is one. */
export interface ErasureListPlace {
  readonly directory: string;
  readonly note?: string;
}

/**
 * The list of an embedded deployment: beside the stores, not among them, unless a folder is named.
 * That it was started is noted with the deployment's keys; only before that, its folder is made.
 */
export async function embeddedErasureList(
  dataDirectory: string,
  named: string | undefined,
): Promise<ErasureListPlace> {
  const directory = named ?? join(dataDirectory, 'erasures');
  const note = join(dataDirectory, 'erasure-list.json');
  if (!(await isThere(note))) await mkdir(directory, { recursive: true, mode: 0o700 });
  return { directory, note };
}

/** The stores of a deployment, its list, and its own key, which signs the list. */
export interface ErasureSource {
  readonly place: ErasureListPlace;
  readonly key: DeploymentKeys['erasureSigning'];
  readonly pools: Readonly<Record<StoreName, DatabasePool>>;
  readonly keyPool: DatabasePool;
  readonly clock: Clock;
  /** Days until the last backup of the key database is gone. */
  readonly keyBackupDays?: number | undefined;
}

/** Erasing people over the stores of one deployment. */
export function openErasures(source: ErasureSource): Erasure {
  const { clock, keyBackupDays } = source;
  return createErasure({
    ...requirementOf(source),
    ids: createIdSource(clock),
    ...(keyBackupDays === undefined ? {} : { keyBackupDays }),
  });
}

/** What came of starting a list, and what spoke against it. */
export interface ListStart extends EarlierList {
  readonly started: boolean;
}

/**
 * Makes a folder the list of a deployment that never had one.
 *
 * @param anew also where somebody is shown as erased, or a note says that there was a list: the one
 *   that named them is lost
 */
export async function startErasures(
  source: ErasureSource,
  { anew }: { readonly anew: boolean },
): Promise<ListStart> {
  const requirement = requirementOf(source);
  const earlier = await earlierList(requirement);
  const started = anew || (!earlier.noted && earlier.erased.length === 0);
  if (started) await startErasureList(requirement);
  return { ...earlier, started };
}

function requirementOf({ place, key, pools, keyPool, clock }: ErasureSource) {
  return {
    stores: erasureTargets(pools, keyPool),
    list: openErasureList({ directory: place.directory, keys: { keys: [key.publicJwk] } }),
    sign: createErasureSigner(key),
    ...{ clock, note: place.note },
  };
}
