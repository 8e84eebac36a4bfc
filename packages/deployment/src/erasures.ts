import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { auditErasure } from '@caregraph/audit-subgraph/erasure';
import { clinicalErasure } from '@caregraph/clinical-subgraph/erasure';
import { createIdSource, type Clock } from '@caregraph/clock';
import type { DatabasePool, StoreName } from '@caregraph/database';
import {
  createErasure,
  createErasureSigner,
  openErasureList,
  shownAsErased,
  startErasureList,
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

/**
 * Makes a folder the list of a deployment that never had one.
 *
 * @param anew also where somebody is shown as erased, because the list that named them is lost
 * @returns whom stores or keys show as erased; without `anew`, nothing was started if there is one
 */
export async function startErasures(
  source: ErasureSource,
  { anew }: { readonly anew: boolean },
): Promise<readonly string[]> {
  const requirement = requirementOf(source);
  const erased = await shownAsErased(requirement.stores);
  if (erased.length === 0 || anew) await startErasureList(requirement);
  return erased;
}

function requirementOf({ place, key, pools, keyPool, clock }: ErasureSource) {
  return {
    stores: erasureTargets(pools, keyPool),
    list: openErasureList({ directory: place.directory, keys: { keys: [key.publicJwk] } }),
    sign: createErasureSigner(key),
    ...{ clock, note: place.note },
  };
}
