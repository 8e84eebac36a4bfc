import { begunIn, showsErased, withSubjects, type ErasureTarget } from './erase-store.ts';
import type { ErasureEntry, ErasureRecord } from './list/erasure-entry.ts';
import type { ErasureList } from './list/erasure-list.ts';
import { renewedCertificate } from './renew-certificate.ts';

export interface EarlierErasure {
  readonly entry: ErasureEntry;
  /** Whether nothing of it is left to do. */
  readonly done: boolean;
}

/** What was found under an id, before anything is done. */
export type Erasable =
  | {
      readonly kind: 'PERSON';
      readonly aliases: readonly string[];
      /** What the list says, when the person was erased already; or began to be. */
      readonly earlier?: EarlierErasure;
    }
  /** It was merged into that one, and the list says that it went with it, or is about to. */
  | { readonly kind: 'WENT_WITH'; readonly survivorId: string; readonly earlier: EarlierErasure }
  /** Another record answers for this one: that one is to be named, and takes this one with it. */
  | { readonly kind: 'ALIAS'; readonly survivorId: string }
  | { readonly kind: 'UNKNOWN' };

/** Where to look. */
export interface Places {
  readonly stores: readonly ErasureTarget[];
  readonly list: ErasureList;
  readonly keyBackupDays?: number;
}

export const defaultKeyBackupDays = 35;

/**
 * Looks for a person of whom the list has no entry by this id.
 *
 * @throws database faults; Error when the list has a damaged entry
 */
export async function findPerson(options: Places, patientId: string): Promise<Erasable> {
  const { stores } = options;
  const survivor = await wentWith(options, patientId);
  if (survivor !== undefined) {
    const { patientId: survivorId } = survivor.record;
    return { kind: 'WENT_WITH', survivorId, earlier: await earlierOf(options, survivor) };
  }
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

/** The erasure that a merged record went with. One that was cut short may lose it again. */
async function wentWith(options: Places, patientId: string): Promise<ErasureEntry | undefined> {
  for (const entry of await options.list.readAll()) {
    if (!entry.record.aliases.includes(patientId)) continue;
    const { record } = await asItStands(options, entry.record);
    if (record.aliases.includes(patientId)) return entry;
  }
  return undefined;
}

export async function earlierOf(options: Places, entry: ErasureEntry): Promise<EarlierErasure> {
  const done = entry.record.state === 'COMPLETED' && (await isDone(options, entry));
  return { entry, done };
}

async function recordsOf(stores: readonly ErasureTarget[], patientId: string) {
  for (const { erasure, pool } of stores) {
    if (erasure.recordsOf) return erasure.recordsOf(pool, patientId);
  }
  throw new Error('none of the stores knows of merged records');
}

export async function isDone(options: Places, entry: ErasureEntry): Promise<boolean> {
  const { stores, keyBackupDays = defaultKeyBackupDays } = options;
  const shown = await Promise.all(stores.map((target) => showsErased(target, entry.record)));
  if (!shown.every(Boolean)) return false;
  return (await renewedCertificate(entry, stores, keyBackupDays)) === undefined;
}

/**
 * The list names every record of the person before it goes: a restored store may have it again. A
 * record that is not merged any more is somebody else's, and is taken out, unless it has begun to go.
 */
export async function asItStands(
  { stores }: Places,
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
