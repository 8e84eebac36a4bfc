import type { FieldCodec, Opening, OpenRequest } from './field-codec.ts';
import { asList, isRow, type ModelFields, type PlainType, type Row } from './field-map.ts';
import { placeFault } from './field-fault.ts';
import { decodePlain } from './plain-value.ts';
import type { ReadPlan } from './read-plan.ts';
import { faultOr, SealError } from './seal-error.ts';

/** Where an opened value goes, next to its request in the batch. */
interface Target {
  readonly row: Row;
  readonly field: string;
  readonly type: PlainType;
}

interface OpeningBatch {
  readonly requests: OpenRequest[];
  readonly targets: Target[];
}

/** The id of a row as the seal binds it: the values of its id fields, joined by a slash. */
export function rowIdOf(model: string, entry: ModelFields, row: Row): string {
  const parts = entry.id.map((field) => keyText(row[field]));
  if (entry.id.length === 0 || parts.includes(undefined)) {
    const why = `sealing needs the row's id (${entry.id.join(', ')})`;
    throw new SealError('SEAL_ROW_ID_MISSING', { model }, why);
  }
  return parts.join('/');
}

/** The patient or institution whose key seals a row. */
export function ownerIdOf(model: string, entry: ModelFields, row: Row): string {
  const owner = entry.owner === null ? undefined : keyText(row[entry.owner]);
  if (owner === undefined) {
    const why = `sealing needs the row's owner (${entry.owner ?? 'none declared'})`;
    throw new SealError('SEAL_OWNER_MISSING', { model }, why);
  }
  return owner;
}

/** Ids as text; UUIDs in lower case, as PostgreSQL gives them back, so that a seal made with one opens. */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.toLowerCase();
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return undefined;
}

function collect(store: string, plan: ReadPlan, value: unknown, opening: OpeningBatch): void {
  for (const row of asList(value)) {
    if (!isRow(row)) continue;
    for (const [relation, child] of plan.children) collect(store, child, row[relation], opening);
    if (plan.sealed.length > 0) collectRow(store, plan, row, opening);
  }
}

function collectRow(store: string, plan: ReadPlan, row: Row, opening: OpeningBatch): void {
  const { model, entry } = plan;
  const present = plan.sealed.filter(([field]) => row[field] !== null && row[field] !== undefined);
  const rowId = rowIdOf(model, entry, row);
  if (present.length === 0) return;
  const ownerId = ownerIdOf(model, entry, row);
  for (const [field, type] of present) {
    const sealed = row[field];
    if (!(sealed instanceof Uint8Array)) {
      const why = 'the stored value is not bytes';
      throw new SealError('SEAL_VALUE_INVALID', { model, field, rowId }, why);
    }
    opening.requests.push({ store, model, field, rowId, ownerId, sealed });
    opening.targets.push({ row, field, type });
  }
}

function placeOpened({ row, field, type }: Target, opened: Opening, place: OpenRequest): void {
  const value =
    opened instanceof SealError ? opened : faultOr(() => decodePlain(type, opened, place));
  if (value instanceof SealError) placeFault(row, field, value);
  else row[field] = value;
}

function strip(plan: ReadPlan, value: unknown): void {
  if (plan.strip.length === 0 && plan.children.length === 0) return;
  for (const row of asList(value)) {
    if (!isRow(row)) continue;
    for (const field of plan.strip) delete row[field];
    for (const [relation, child] of plan.children) strip(child, row[relation]);
  }
}

/**
 * Opens every sealed value of an answer in place, by one call of the codec, and takes out what was
 * read only for that.
 *
 * A value that does not open stays in its row as a fault: whoever reads that field is thrown its
 * SealError, and whoever copies the row as well. So it is never taken for an empty value, and
 * fields and rows beside it can be read.
 *
 * @throws whatever the codec says of all values together, such as keys that cannot be had
 */
export async function openAnswer(
  store: string,
  codec: FieldCodec,
  plan: ReadPlan,
  answer: unknown,
): Promise<void> {
  const opening: OpeningBatch = { requests: [], targets: [] };
  collect(store, plan, answer, opening);
  const { requests, targets } = opening;
  if (requests.length > 0) {
    const opened = await codec.openMany(requests);
    requests.forEach((request, position) => {
      const value = opened[position];
      const target = targets[position];
      if (value === undefined || target === undefined || opened.length !== requests.length) {
        throw new SealError('SEAL_CODEC_MISMATCH', request, 'the codec gave another number back');
      }
      placeOpened(target, value, request);
    });
  }
  strip(plan, answer);
}
