import { asList, isRow, type ModelFields, type RelationField, type Row } from './field-map.ts';
import { boundColumns, knownByWhere, refuseAdoption } from './row-identity.ts';
import { SealError } from './seal-error.ts';
import type { WritePlanner } from './write-plan.ts';

/** One relation of a row that is being written, seen from its parent. */
interface NestedWrite {
  readonly planner: WritePlanner;
  readonly relation: RelationField;
  readonly child: ModelFields;
  /** Columns that the child gets from the parent, or already shares with it. */
  readonly inherited: Row;
}

/** Plans the relation writes in `data`. `known`: the plain columns of the parent row. */
export function writeRelations(
  planner: WritePlanner,
  entry: ModelFields,
  data: Row,
  known: Row,
): void {
  for (const [name, relation] of Object.entries(entry.relations)) {
    const write = data[name];
    if (!isRow(write)) continue;
    const child = planner.entryOf(relation.model);
    const inherited = inheritedColumns(relation, known);
    const nested = { planner, relation, child, inherited };
    for (const [operation, payload] of Object.entries(write)) {
      if (payload !== undefined) writeRelation(nested, operation, payload);
    }
  }
}

function inheritedColumns(relation: RelationField, known: Row): Row {
  const inherited: Row = {};
  const copy = (to: readonly string[], from: readonly string[]) => {
    to.forEach((field, position) => {
      const value = known[from[position] ?? ''];
      if (value !== undefined && value !== null) inherited[field] = value;
    });
  };
  copy(relation.childFields, relation.parentFields);
  copy(relation.references, relation.fields);
  return inherited;
}

function writeRelation(nested: NestedWrite, operation: string, payload: unknown): void {
  const { planner, relation, child, inherited } = nested;
  const { model } = relation;
  // A new row has the key that its data gives it; only a foreign key of its own is inherited.
  const given = Object.fromEntries(
    Object.entries(inherited).filter(([field]) => relation.childFields.includes(field)),
  );
  for (const item of asList(payload)) {
    switch (operation) {
      case 'create':
        planner.create(model, item, given);
        break;
      case 'createMany':
        for (const data of isRow(item) ? asList(item['data']) : []) {
          planner.create(model, data, given);
        }
        break;
      case 'connect':
        planner.guard.checkWhere(model, item);
        refuseAdoption(child, relation, item, inherited);
        break;
      case 'connectOrCreate':
        if (!isRow(item)) break;
        planner.guard.checkWhere(model, item['where']);
        refuseAdoption(child, relation, item['where'], inherited);
        planner.create(model, item['create'], given);
        break;
      case 'update':
        updateRow(nested, item);
        break;
      case 'upsert':
        if (!isRow(item)) break;
        planner.create(model, item['create'], given);
        updateRow(nested, { where: item['where'], data: item['update'] });
        break;
      case 'updateMany':
        if (!isRow(item)) break;
        planner.guard.checkWhere(model, item['where']);
        planner.updateMany(model, item['data']);
        break;
      case 'delete':
      case 'deleteMany':
        planner.guard.checkWhere(model, item);
        break;
    }
  }
  if (operation === 'set' || operation === 'disconnect') refuseLetGo(nested, payload);
}

/** `{ where, data }`, or for a to-one relation the bare data. */
function updateRow(nested: NestedWrite, item: unknown): void {
  if (!isRow(item)) return;
  const { planner, relation, child, inherited } = nested;
  const wrapped = 'data' in item && !('data' in child.relations);
  const where = wrapped ? item['where'] : undefined;
  planner.guard.checkWhere(relation.model, where);
  const identity = { ...inherited, ...knownByWhere(child, where) };
  planner.update(relation.model, wrapped ? item['data'] : item, identity);
}

/** `set` and `disconnect` clear the key on the child, and with it the owner of what it sealed. */
function refuseLetGo(nested: NestedWrite, payload: unknown): void {
  const { planner, relation, child } = nested;
  for (const where of asList(payload)) planner.guard.checkWhere(relation.model, where);
  const field = boundColumns(child).find((column) => relation.childFields.includes(column));
  if (field === undefined) return;
  const why = 'sealed values are bound to it, so the row cannot leave its parent';
  throw new SealError('SEAL_OWNER_FIXED', { model: relation.model, field }, why);
}
