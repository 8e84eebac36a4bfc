import type { Clock, IdSource } from '@caregraph/clock';
import { certificateOf, type StoreCount } from './certificate.ts';
import { eraseKeys, eraseRows, type ErasureTarget } from './erase-store.ts';
import {
  asItStands,
  defaultKeyBackupDays,
  earlierOf,
  findPerson,
  isDone,
  type Erasable,
} from './find-person.ts';
import type {
  ErasureCertificate,
  ErasureEntry,
  ErasureReason,
  ErasureRecord,
} from './list/erasure-entry.ts';
import type { ErasureList } from './list/erasure-list.ts';
import type { ErasureSigner } from './list/erasure-signature.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { renewedCertificate } from './renew-certificate.ts';
import { readWholeList, requireErasureList } from './require-list.ts';

export interface ErasureOptions {
  /** All stores of the deployment. */
  readonly stores: readonly ErasureTarget[];
  readonly list: ErasureList;
  readonly sign: ErasureSigner;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Days until the last backup of the key database is gone; 35 unless the deployment says else. */
  readonly keyBackupDays?: number;
  /** See `requireErasureList`. */
  readonly note?: string | undefined;
}

export type ErasureOutcome =
  { readonly kind: 'ERASED'; readonly entry: ErasureEntry } | Exclude<Erasable, { kind: 'PERSON' }>;

export interface Erasure {
  /** Looks at what would be erased, or still has to be. */
  look(patientId: string): Promise<Erasable>;
  /**
   * Erases a person for good, or goes on where a run was killed. Done once, it is only checked.
   *
   * @throws database faults and faults of the disk; the same call goes on where it was. Error when
   *   the folder is not the list
   */
  erase(patientId: string, reason: ErasureReason): Promise<ErasureOutcome>;
  /**
   * Erases again whom the list names and the stores or the key database do not show as erased: after
   * a restore, or a kill. Before anything is served.
   *
   * @returns the ids of those who were erased again
   * @throws Error when the folder is not the list, or it lacks somebody who is erased
   */
  replay(): Promise<readonly string[]>;
}

/** People merge records at a pace that an erasure outruns. */
const rounds = 20;

/**
 * Erasing people for good, over all stores of a deployment.
 *
 * The steps, each of which may be done again: the intent is written into the list; the rows go, in
 * every store; the keys go, in every schema of the key database; the certificate is signed and
 * written. A kill at any instruction leaves an entry of which the next run or start makes an end.
 * Rows go before keys, because a row without its key shows faults in every list that it stands in.
 *
 * @example await createErasure({ stores, list, sign, clock, ids }).erase(id, 'REQUEST_OF_PERSON');
 */
export function createErasure(options: ErasureOptions): Erasure {
  const { stores, list } = options;
  return {
    async look(patientId) {
      await requireErasureList(options);
      const known = await list.read(patientId);
      if (known === undefined) return findPerson(options, patientId);
      const { aliases } = (await asItStands(options, known.record)).record;
      return { kind: 'PERSON', aliases, earlier: await earlierOf(options, known) };
    },
    erase: (patientId, reason) =>
      oneAtATime(stores, async () => {
        await requireErasureList(options);
        const known = await list.read(patientId);
        if (known !== undefined) {
          const { done } = await earlierOf(options, known);
          return { kind: 'ERASED', entry: done ? known : await complete(options, known) };
        }
        const found = await findPerson(options, patientId);
        if (found.kind !== 'PERSON') return found;
        const entry = await intend(options, patientId, reason, found.aliases);
        return { kind: 'ERASED', entry: await complete(options, entry) };
      }),
    async replay() {
      await requireErasureList(options);
      const entries = await readWholeList(stores, list);
      const open = await filterAsync(
        entries,
        async (entry) => entry.record.state === 'REQUESTED' || !(await isDone(options, entry)),
      );
      if (open.length === 0) return [];
      return oneAtATime(stores, async () => {
        for (const { record } of open) {
          const entry = await list.read(record.patientId);
          if (entry !== undefined) await complete(options, entry);
        }
        return open.map(({ record }) => record.patientId);
      });
    },
  };
}

/** First of all, so that a kill from here on is made good by the next run or start. */
async function intend(
  { list, sign, clock }: ErasureOptions,
  patientId: string,
  reason: ErasureReason,
  aliases: readonly string[],
): Promise<ErasureEntry> {
  const record: ErasureRecord = {
    version: 1,
    patientId,
    reason,
    requestedAt: clock.now().toISOString(),
    aliases: [...aliases],
    households: [],
    state: 'REQUESTED',
  };
  const entry = { record, recordSignature: await sign('record', record) };
  if (await list.create(entry)) return entry;
  const other = await list.read(patientId);
  if (other === undefined) throw new Error('an entry of the list of erasures vanished');
  return other;
}

/** Brings an erasure to its end, from wherever it is. */
async function complete(options: ErasureOptions, entry: ErasureEntry): Promise<ErasureEntry> {
  const { stores, clock, keyBackupDays = defaultKeyBackupDays } = options;
  const { record, rows } = await eraseAllRows(options, entry);
  const counts: StoreCount[] = [];
  for (const target of stores) {
    const { store } = target.erasure;
    const keys = await eraseKeys(target, record, clock.now());
    counts.push({ store, rows: rows.get(store) ?? 0, keys });
  }
  if (record.state === 'COMPLETED') {
    // Of a restored store nothing new is certified, but how long keys that stood again may last.
    const renewed = await renewedCertificate({ ...entry, record }, stores, keyBackupDays);
    return renewed === undefined ? { ...entry, record } : certify(options, record, renewed);
  }
  const completedAt = clock.now();
  const certificate = certificateOf(record, counts, { completedAt, keyBackupDays });
  return certify(options, { ...record, state: 'COMPLETED' }, certificate);
}

async function certify(
  options: ErasureOptions,
  record: ErasureRecord,
  certificate: ErasureCertificate,
): Promise<ErasureEntry> {
  const certificateSignature = await options.sign('certificate', certificate);
  return write(options, record, { certificate, certificateSignature });
}

/** Deletes rows in every store, until no record is left that was merged into the person's. */
async function eraseAllRows(
  options: ErasureOptions,
  entry: ErasureEntry,
): Promise<{ record: ErasureRecord; rows: Map<string, number> }> {
  const { stores, clock, ids } = options;
  let { record } = entry;
  for (let round = 1; round <= rounds; round += 1) {
    const found = await asItStands(options, record);
    if (found.record !== record) await write(options, found.record, entry);
    ({ record } = found);
    const rows = new Map<string, number>();
    for (const target of stores) {
      const erased = await eraseRows(target, record, { at: clock.now(), ids, begun: found.begun });
      if (erased.kind !== 'ERASED') break;
      rows.set(target.erasure.store, erased.rows);
      record = await withHouseholds(options, entry, record, erased.households);
    }
    if (rows.size === stores.length) return { record, rows };
  }
  throw new Error('records are being merged into this one all the time: try again');
}

/** Households are named before their keys go: a restored store may have them again. */
async function withHouseholds(
  options: ErasureOptions,
  entry: ErasureEntry,
  record: ErasureRecord,
  households: ErasureRecord['households'],
): Promise<ErasureRecord> {
  const missing = households.filter(({ id }) => !record.households.some((one) => one.id === id));
  if (missing.length === 0) return record;
  const next = { ...record, households: [...record.households, ...missing] };
  await write(options, next, entry);
  return next;
}

async function write(
  { list, sign }: ErasureOptions,
  record: ErasureRecord,
  { certificate, certificateSignature }: Partial<ErasureEntry>,
): Promise<ErasureEntry> {
  const entry: ErasureEntry = {
    record,
    recordSignature: await sign('record', record),
    ...(certificate && certificateSignature ? { certificate, certificateSignature } : {}),
  };
  await list.replace(entry);
  return entry;
}

async function filterAsync<T>(
  items: readonly T[],
  keep: (item: T) => Promise<boolean>,
): Promise<T[]> {
  const kept: T[] = [];
  for (const item of items) if (await keep(item)) kept.push(item);
  return kept;
}
