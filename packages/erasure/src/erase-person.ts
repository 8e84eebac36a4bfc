import type { Clock, IdSource } from '@caregraph/clock';
import { certificateOf, type StoreCount } from './certificate.ts';
import {
  begunIn,
  eraseKeys,
  eraseRows,
  showsErased,
  withSubjects,
  type ErasureTarget,
} from './erase-store.ts';
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

/** What was found under an id, before anything is done. */
export type Erasable =
  | { readonly kind: 'PERSON'; readonly aliases: readonly string[] }
  /** Another record answers for this one: that one is to be named, and takes this one with it. */
  | { readonly kind: 'ALIAS'; readonly survivorId: string }
  | { readonly kind: 'UNKNOWN' };

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

const defaultKeyBackupDays = 35;
/** People merge records at a pace that an erasure outruns. */
const rounds = 20;

/**
 * Erasing people for good, over all stores of a deployment.
 *
 * The steps, each of which may be done again: the intent is written into the list; the rows go, in
 * every store; the keys go, in every schema of the key database; the certificate is signed and
 * written. A kill at any instruction leaves an entry of which the next run or start makes an end.
 * Rows go before keys, because a row without its key makes every list that it stands in fail for
 * those who care for others.
 *
 * @example await createErasure({ stores, list, sign, clock, ids }).erase(id, 'REQUEST_OF_PERSON');
 */
export function createErasure(options: ErasureOptions): Erasure {
  const { stores, list } = options;
  return {
    async look(patientId) {
      await requireErasureList(options);
      const known = await list.read(patientId);
      if (known === undefined) return look(options, patientId);
      return { kind: 'PERSON', aliases: (await asItStands(options, known.record)).record.aliases };
    },
    erase: (patientId, reason) =>
      oneAtATime(stores, async () => {
        await requireErasureList(options);
        const known = await list.read(patientId);
        if (known !== undefined) {
          const done = known.record.state === 'COMPLETED' && (await isDone(options, known));
          return { kind: 'ERASED', entry: done ? known : await complete(options, known) };
        }
        const found = await look(options, patientId);
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

async function look({ stores }: ErasureOptions, patientId: string): Promise<Erasable> {
  const known = await Promise.all(
    stores.map(
      async (target) =>
        (await target.erasure.knows(target.pool, patientId)) ||
        (await begunIn(target, [patientId])).length > 0,
    ),
  );
  if (!known.includes(true)) return { kind: 'UNKNOWN' };
  const { survivorId, aliases } = await recordsOf(stores, patientId);
  return survivorId === null ? { kind: 'PERSON', aliases } : { kind: 'ALIAS', survivorId };
}

async function recordsOf(stores: readonly ErasureTarget[], patientId: string) {
  for (const { erasure, pool } of stores) {
    if (erasure.recordsOf) return erasure.recordsOf(pool, patientId);
  }
  throw new Error('none of the stores knows of merged records');
}

async function isDone(options: ErasureOptions, entry: ErasureEntry): Promise<boolean> {
  const { stores, keyBackupDays = defaultKeyBackupDays } = options;
  const shown = await Promise.all(stores.map((target) => showsErased(target, entry.record)));
  if (!shown.every(Boolean)) return false;
  return (await renewedCertificate(entry, stores, keyBackupDays)) === undefined;
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

/**
 * The list names every record of the person before it goes: a restored store may have it again. A
 * record that is not merged any more is somebody else's, and is taken out, unless it has begun to go.
 */
async function asItStands(
  { stores }: ErasureOptions,
  record: ErasureRecord,
): Promise<{ readonly record: ErasureRecord; readonly begun: readonly string[] }> {
  if (record.state === 'COMPLETED') return { record, begun: [] };
  const begunBy = await Promise.all(stores.map((target) => begunIn(target, record.aliases)));
  const begun = record.aliases.filter((id) => begunBy.some((ids) => ids.includes(id)));
  const { aliases } = await recordsOf(stores, record.patientId);
  const all = [...begun.filter((id) => !aliases.includes(id)), ...aliases];
  const isSame =
    all.length === record.aliases.length && all.every((id, at) => id === record.aliases[at]);
  return { record: isSame ? record : withSubjects(record, all), begun };
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
