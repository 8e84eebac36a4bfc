import { auditErasure } from '@caregraph/audit-subgraph/erasure';
import { clinicalErasure } from '@caregraph/clinical-subgraph/erasure';
import { createIdSource, type Clock } from '@caregraph/clock';
import type { DatabasePool, StoreName } from '@caregraph/database';
import {
  createErasure,
  createErasureSigner,
  openErasureList,
  type Erasure,
  type ErasureTarget,
} from '@caregraph/erasure';
import { institutionErasure } from '@caregraph/institution-subgraph/erasure';
import { patientErasure } from '@caregraph/patient-subgraph/erasure';
import { prescriptionErasure } from '@caregraph/prescription-subgraph/erasure';
import { join } from 'node:path';
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

/** Where an embedded deployment keeps its list of erasures: beside the stores, not among them. */
export function erasureFolder(dataDirectory: string): string {
  return join(dataDirectory, 'erasures');
}

/** Erasing people over the stores of one deployment, signed with the deployment's own key. */
export function openErasures(options: {
  readonly directory: string;
  readonly key: DeploymentKeys['erasureSigning'];
  readonly pools: Readonly<Record<StoreName, DatabasePool>>;
  readonly keyPool: DatabasePool;
  readonly clock: Clock;
  /** Days until the last backup of the key database is gone. */
  readonly keyBackupDays?: number | undefined;
}): Erasure {
  const { directory, key, pools, keyPool, clock, keyBackupDays } = options;
  return createErasure({
    stores: erasureTargets(pools, keyPool),
    list: openErasureList({ directory, keys: { keys: [key.publicJwk] } }),
    sign: createErasureSigner(key),
    clock,
    ids: createIdSource(clock),
    ...(keyBackupDays === undefined ? {} : { keyBackupDays }),
  });
}
