import { asList, isRow, modelOf, type ModelFields, type Row } from './field-map.ts';
import type { SealedFields } from './field-map.ts';
import { writeRelations } from './nested-write.ts';
import type { QueryGuard } from './query-guard.ts';
import { boundColumns, keysByRelations, knownByWhere, refuseMove } from './row-identity.ts';
import { SealError } from './seal-error.ts';
import type { WriteBatch } from './write-batch.ts';
import { plainOf, sealRow, usedBy } from './write-row.ts';

export interface WritePlanner {
  readonly guard: QueryGuard;
  entryOf(model: string): ModelFields;
  /** `inherited`: columns that the parent of a nested row gives it. */
  create(model: string, data: unknown, inherited: Row): void;
  /** `identity`: what is certain of the row that is updated. */
  update(model: string, data: unknown, identity: Row): void;
  updateMany(model: string, data: unknown): void;
}

/** Walks the data of one write, at any depth, and collects what it seals into `batch`. */
export function createWritePlanner(
  fields: SealedFields,
  guard: QueryGuard,
  batch: WriteBatch,
): WritePlanner {
  const { store } = fields;
  const entryOf = (model: string) => modelOf(fields, model);
  const planner: WritePlanner = {
    guard,
    entryOf,
    create(model, data, inherited) {
      if (!isRow(data)) return;
      const entry = entryOf(model);
      const known = { ...inherited, ...valuesOf(data), ...keysByRelations(entryOf, entry, data) };
      sealRow({ store, model, entry, data, known, kind: 'create' }, batch);
      writeRelations(planner, entry, data, known);
    },
    update(model, data, identity) {
      if (!isRow(data)) return;
      const entry = entryOf(model);
      const changes = { ...valuesOf(data), ...keysByRelations(entryOf, entry, data) };
      // A row may move to another owner when everything sealed in it is sealed anew along with it.
      if (!sealsAll(entry, data)) refuseMove(model, entry, changes, identity);
      const known = { ...identity, ...changes };
      sealRow({ store, model, entry, data, known, kind: 'update' }, batch);
      writeRelations(planner, entry, data, known);
    },
    updateMany(model, data) {
      for (const part of asList(data)) if (isRow(part)) refuseBulk(model, entryOf(model), part);
    },
  };
  return planner;
}

function sealsAll(entry: ModelFields, data: Row): boolean {
  return Object.keys(entry.sealed).every((field) => data[field] !== undefined);
}

/** The plain columns of the data, as far as they are values and not operations on values. */
function valuesOf(data: Row): Row {
  const values: Row = {};
  for (const [key, value] of Object.entries(data)) {
    const plain = plainOf(value);
    if (plain !== undefined && !isRow(plain) && !Array.isArray(plain)) values[key] = plain;
  }
  return values;
}

/** One statement for many rows has one value for all of them, but a seal is bound to one row. */
function refuseBulk(model: string, entry: ModelFields, data: Row): void {
  const refuse = (code: ConstructorParameters<typeof SealError>[0], field: string, why: string) => {
    throw new SealError(code, { model, field }, why);
  };
  for (const field of Object.keys(data).filter((key) => data[key] !== undefined)) {
    if (Object.hasOwn(entry.sealed, field)) {
      refuse(
        'SEALED_FIELD_NOT_BULK_WRITABLE',
        field,
        'update row by row: a seal is bound to one row',
      );
    }
    if (Object.hasOwn(entry.blind, field)) {
      refuse('BLIND_INDEX_NOT_WRITABLE', field, 'a blind index is written with its source field');
    }
    if (boundColumns(entry).includes(field)) {
      refuse('SEAL_OWNER_FIXED', field, 'sealed values are bound to it, so it cannot change');
    }
    if (Object.values(entry.blind).some((index) => usedBy(index).includes(field))) {
      refuse('BLIND_INDEX_CONTEXT_MISSING', field, 'it changes tokens: update row by row');
    }
  }
}

/** Plans the write of one Prisma operation; operations that write no values do nothing here. */
export function planWrite(
  planner: WritePlanner,
  model: string,
  operation: string,
  args: Row,
): void {
  const entry = planner.entryOf(model);
  switch (operation) {
    case 'create':
    case 'createMany':
    case 'createManyAndReturn':
      for (const data of asList(args['data'])) planner.create(model, data, {});
      return;
    case 'update':
      planner.update(model, args['data'], knownByWhere(entry, args['where']));
      return;
    case 'upsert':
      planner.create(model, args['create'], {});
      planner.update(model, args['update'], knownByWhere(entry, args['where']));
      return;
    case 'updateMany':
    case 'updateManyAndReturn':
      planner.updateMany(model, args['data']);
      return;
    default:
  }
}
