import { lastDayOfBackups } from './certificate.ts';
import { lastDestroyedIn, type ErasureTarget } from './erase-store.ts';
import type { ErasureCertificate, ErasureEntry } from './list/erasure-entry.ts';

/**
 * The certificate of an erasure whose keys stood again, because the key database was restored: what
 * was backed up until they were destroyed once more lasts longer than the certificate says. Its
 * instants and counts stay those of the erasure.
 *
 * @returns undefined when the certificate is true as it is, or there is none yet
 */
export async function renewedCertificate(
  { record, certificate }: ErasureEntry,
  stores: readonly ErasureTarget[],
  keyBackupDays: number,
): Promise<ErasureCertificate | undefined> {
  if (record.state !== 'COMPLETED' || certificate === undefined) return undefined;
  const instants = await Promise.all(stores.map((target) => lastDestroyedIn(target, record)));
  const completedMs = new Date(certificate.completedAt).getTime();
  const lastMs = Math.max(completedMs, ...instants.map((at) => at?.getTime() ?? 0));
  if (lastMs === completedMs) return undefined;
  const keyBackupsExpireOn = lastDayOfBackups(new Date(lastMs), keyBackupDays);
  if (keyBackupsExpireOn <= certificate.keyBackupsExpireOn) return undefined;
  return { ...certificate, keyBackupsExpireOn };
}
