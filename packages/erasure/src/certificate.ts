import type { JSONWebKeySet } from 'jose';
import type { ErasureCertificate, ErasureEntry, ErasureRecord } from './list/erasure-entry.ts';
import { isSigned } from './list/erasure-signature.ts';

/** What one store destroyed. */
export interface StoreCount {
  readonly store: string;
  readonly rows: number;
  readonly keys: number;
}

const statement = [
  'The keys of this record were destroyed and its rows deleted or emptied in every store.',
  'The audit record keeps ids, times and codes, as the law requires.',
  'Devices that hold a copy have not been asked to delete it yet.',
].join(' ');

const dayMs = 86_400_000;

/**
 * What can be shown of an erasure.
 *
 * @param keyBackupDays how long backups of the key database are kept: on the last of these days a
 *   backup of the stores and one of the keys might still be put together
 */
export function certificateOf(
  record: ErasureRecord,
  stores: readonly StoreCount[],
  { completedAt, keyBackupDays }: { readonly completedAt: Date; readonly keyBackupDays: number },
): ErasureCertificate {
  const { patientId, aliases, reason, requestedAt } = record;
  return {
    version: 1,
    ...{ patientId, aliases, reason, requestedAt },
    completedAt: completedAt.toISOString(),
    stores: stores.map((one) => ({ ...one })),
    keyBackupsExpireOn: lastDayOfBackups(completedAt, keyBackupDays),
    devices: 'NOT_ASKED',
    statement,
  };
}

/** A backup that was made at the last moment lasts the whole day on which it ends. */
export function lastDayOfBackups(destroyedAt: Date, keyBackupDays: number): string {
  return new Date(destroyedAt.getTime() + keyBackupDays * dayMs).toISOString().slice(0, 10);
}

/**
 * Tells whether an entry holds a certificate that one of the keys signed for this very person.
 *
 * @param keys public keys as a JWK set
 * @example if (!(await verifyCertificate(entry, keys))) process.exitCode = 1;
 */
export async function verifyCertificate(
  { record, certificate, certificateSignature }: ErasureEntry,
  keys: JSONWebKeySet,
): Promise<boolean> {
  if (certificate === undefined || certificateSignature === undefined) return false;
  if (certificate.patientId !== record.patientId) return false;
  return isSigned('certificate', certificate, certificateSignature, keys);
}
