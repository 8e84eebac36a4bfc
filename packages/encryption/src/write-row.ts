import type { TokenRequest } from './blind-index.ts';
import { isRow, type BlindIndexField, type ModelFields, type Row } from './field-map.ts';
import { ownerIdOf, rowIdOf } from './open-rows.ts';
import { encodePlain } from './plain-value.ts';
import { SealError } from './seal-error.ts';
import type { WriteBatch } from './write-batch.ts';

/** One row that is about to be written, and what is known of it besides the data. */
export interface RowWrite {
  readonly store: string;
  readonly model: string;
  readonly entry: ModelFields;
  readonly data: Row;
  /** Plain columns of the row as it will be: from the data, the filter, and the parent row. */
  readonly known: Row;
  readonly kind: 'create' | 'update';
}

/** Prisma takes `{ set: value }` for a value. */
export function plainOf(value: unknown): unknown {
  return isRow(value) && Object.keys(value).length === 1 && 'set' in value ? value['set'] : value;
}

/** Puts the sealed fields of a row, and the tokens of its blind indexes, into the batch. */
export function sealRow(write: RowWrite, batch: WriteBatch): void {
  const { store, model, entry, data } = write;
  for (const column of Object.keys(entry.blind)) {
    if (data[column] === undefined) continue;
    const why = 'a blind index is written with its source field, never by itself';
    throw new SealError('BLIND_INDEX_NOT_WRITABLE', { model, field: column }, why);
  }
  for (const [field, type] of Object.entries(entry.sealed)) {
    const value = type === 'json' ? data[field] : plainOf(data[field]);
    if (value === undefined) continue;
    indexField(write, field, value, batch);
    data[field] = value;
    if (value === null) continue;
    const rowId = rowIdOf(model, entry, write.known);
    const ownerId = ownerIdOf(model, entry, write.known);
    const plain = encodePlain(type, value, { model, field, rowId });
    batch.seal({ store, model, field, rowId, ownerId, plain }, data);
  }
  refuseStaleIndex(write);
}

function indexField(write: RowWrite, field: string, value: unknown, batch: WriteBatch): void {
  for (const [column, index] of Object.entries(write.entry.blind)) {
    if (index.of !== field) continue;
    if (value === null) {
      write.data[column] = index.list ? [] : null;
      continue;
    }
    // Said to be in no partition yet: in no index either, until somebody tells which.
    if (index.within !== null && write.kind === 'create' && write.known[index.within] === null) {
      write.data[column] = index.list ? [] : null;
      continue;
    }
    const companion = companionOf(write, column, index.with);
    const partition = companionOf(write, column, index.within);
    const place = { store: write.store, model: write.model, field: column };
    const texts = Array.isArray(value) ? value : [value];
    const requests = texts.flatMap((text): TokenRequest[] =>
      typeof text === 'string'
        ? [{ ...place, index, value: text, companion, partition, purpose: 'write', aspect: null }]
        : [],
    );
    batch.index(requests, write.data, column, index.list);
  }
}

function companionOf(write: RowWrite, column: string, name: string | null): string | null {
  if (name === null) return null;
  const value = plainOf(write.known[name]);
  if (typeof value === 'string') return value;
  const why = `its tokens need ${name}: write it along, or name it in where`;
  throw new SealError('BLIND_INDEX_CONTEXT_MISSING', { model: write.model, field: column }, why);
}

/** Tokens depend on `with` and `within`: changing those alone would leave tokens that find nothing. */
function refuseStaleIndex(write: RowWrite): void {
  if (write.kind === 'create') return;
  for (const [column, index] of Object.entries(write.entry.blind)) {
    if (write.data[index.of] !== undefined) continue;
    const changed = usedBy(index).find((name) => write.data[name] !== undefined);
    if (changed === undefined) continue;
    const why = `${changed} changes its tokens: write ${index.of} along`;
    throw new SealError('BLIND_INDEX_CONTEXT_MISSING', { model: write.model, field: column }, why);
  }
}

export function usedBy(index: BlindIndexField): readonly string[] {
  return [index.with, index.within].filter((name) => name !== null);
}
