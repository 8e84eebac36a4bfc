import { asList, isRow, type ModelFields, type RelationField, type Row } from './field-map.ts';
import { keyText } from './open-rows.ts';
import { SealError } from './seal-error.ts';
import { plainOf } from './write-row.ts';

/** What a `where` says for certain about the row it finds: its equalities, compound keys unfolded. */
export function knownByWhere(entry: ModelFields, where: unknown): Row {
  const known: Row = {};
  if (!isRow(where)) return known;
  for (const [key, value] of Object.entries(where)) {
    if (Object.hasOwn(entry.compounds, key) && isRow(value)) Object.assign(known, value);
    else if (isRow(value)) {
      if (value['equals'] !== undefined) known[key] = value['equals'];
    } else if (value !== undefined) known[key] = value;
  }
  return known;
}

/** The foreign keys that relation writes in `data` will set: column → value. */
export function keysByRelations(
  fieldsOf: (model: string) => ModelFields,
  entry: ModelFields,
  data: Row,
): Row {
  const keys: Row = {};
  for (const [name, relation] of Object.entries(entry.relations)) {
    const write = data[name];
    if (relation.fields.length === 0 || !isRow(write)) continue;
    const target = targetOf(fieldsOf(relation.model), write);
    relation.fields.forEach((field, position) => {
      const reference = relation.references[position];
      if (target !== undefined && reference !== undefined) {
        const value = plainOf(target[reference]);
        // null is «not known here»: it never equals an id, so whoever needs the value refuses.
        keys[field] = value === undefined ? null : value;
      }
    });
  }
  return keys;
}

/** The row that a to-one relation will point to after the write, as far as the data tells. */
function targetOf(other: ModelFields, write: Row): Row | undefined {
  if (isRow(write['connect'])) return knownByWhere(other, write['connect']);
  if (isRow(write['create'])) return write['create'];
  const either = write['connectOrCreate'];
  if (isRow(either) && isRow(either['create'])) {
    const found = knownByWhere(other, either['where']);
    const made = either['create'];
    // Certain only where both ways lead to the same key.
    return Object.fromEntries(
      Object.entries(found).filter(([key, value]) => keyText(made[key]) === keyText(value)),
    );
  }
  return write['disconnect'] || write['delete'] ? {} : undefined;
}

/** The columns of a row that its seals are bound to. */
export function boundColumns(entry: ModelFields): readonly string[] {
  if (Object.keys(entry.sealed).length === 0) return [];
  return entry.owner === null ? entry.id : [...entry.id, entry.owner];
}

/**
 * Refuses an update that changes the id or the owner of a sealed row: what was sealed before would
 * not open again. Writing the same value again is fine, if `where` shows that it is the same.
 */
export function refuseMove(model: string, entry: ModelFields, changes: Row, identity: Row): void {
  for (const field of boundColumns(entry)) {
    if (changes[field] === undefined) continue;
    const changed = keyText(plainOf(changes[field]));
    if (changed !== undefined && changed === keyText(identity[field])) continue;
    const why =
      'sealed values are bound to it: write them all along, or repeat it in where if it stays';
    throw new SealError('SEAL_OWNER_FIXED', { model, field }, why);
  }
}

/** Refuses to hang a sealed row under another parent, when the parent is what its seals are bound to. */
export function refuseAdoption(
  child: ModelFields,
  relation: RelationField,
  wheres: unknown,
  inherited: Row,
): void {
  const bound = boundColumns(child).filter((field) => relation.childFields.includes(field));
  if (bound.length === 0) return;
  const moved = Object.fromEntries(bound.map((field) => [field, inherited[field] ?? null]));
  for (const where of asList(wheres)) {
    refuseMove(relation.model, child, moved, knownByWhere(child, where));
  }
}
