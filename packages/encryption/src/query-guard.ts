import { asList, isRow, modelOf, type Row, type SealedFields } from './field-map.ts';
import { SealError, type SealErrorCode } from './seal-error.ts';

/**
 * Refuses every question that sealed bytes cannot answer. Equal values have different bytes, so
 * the database would answer wrongly, and silently so: an empty page instead of an error.
 */
export interface QueryGuard {
  /** Filters, orders, groups and cursors in the arguments of an operation or a relation. */
  checkArgs(model: string, args: Row): void;
  checkWhere(model: string, where: unknown): void;
}

const aggregates = ['_count', '_avg', '_sum', '_min', '_max'];

const quantifiers = ['some', 'every', 'none', 'is', 'isNot'];

function refuse(code: SealErrorCode, model: string, field: string, use: string): never {
  throw new SealError(code, { model, field }, `a sealed field cannot be used ${use}`);
}

const isSealed = (fields: SealedFields, model: string, field: string) =>
  Object.hasOwn(modelOf(fields, model).sealed, field);

export function createQueryGuard(fields: SealedFields): QueryGuard {
  return {
    checkWhere: (model, where) => {
      checkWhere(fields, model, where);
    },
    checkArgs: (model, args) => {
      checkWhere(fields, model, args['where']);
      checkWhere(fields, model, args['having']);
      checkOrder(fields, model, args['orderBy']);
      checkKeys(fields, model, args['cursor'], 'SEALED_FIELD_NOT_A_CURSOR');
      for (const field of [...asList(args['by']), ...asList(args['distinct'])]) {
        if (typeof field === 'string' && isSealed(fields, model, field)) {
          refuse('SEALED_FIELD_NOT_GROUPABLE', model, field, 'to group');
        }
      }
      for (const kind of aggregates) {
        checkKeys(fields, model, args[kind], 'SEALED_FIELD_NOT_AGGREGATABLE');
      }
    },
  };
}

function checkWhere(fields: SealedFields, model: string, where: unknown): void {
  for (const part of asList(where)) {
    if (!isRow(part)) continue;
    for (const [key, value] of Object.entries(part)) {
      if (value === undefined) continue;
      if (key === 'AND' || key === 'OR' || key === 'NOT') checkWhere(fields, model, value);
      else if (isSealed(fields, model, key)) {
        refuse('SEALED_FIELD_NOT_FILTERABLE', model, key, 'in a filter: use its blind index');
      } else if (Object.hasOwn(modelOf(fields, model).blind, key)) {
        checkTokens(model, key, value);
      } else checkRelationFilter(fields, model, key, value);
    }
  }
}

/** A search for nothing matches every row: an unreadable name would list a whole district. */
function checkTokens(model: string, field: string, filter: unknown): void {
  const tokens = isRow(filter) ? filter['hasEvery'] : undefined;
  if (!Array.isArray(tokens) || tokens.length > 0) return;
  throw new SealError('BLIND_INDEX_SEARCH_EMPTY', { model, field }, 'hasEvery: [] finds every row');
}

function checkRelationFilter(
  fields: SealedFields,
  model: string,
  key: string,
  value: unknown,
): void {
  const relation = modelOf(fields, model).relations[key];
  if (relation === undefined || !isRow(value)) return;
  for (const quantifier of quantifiers) checkWhere(fields, relation.model, value[quantifier]);
  if (!relation.list) checkWhere(fields, relation.model, value);
}

function checkOrder(fields: SealedFields, model: string, order: unknown): void {
  for (const part of asList(order)) {
    if (!isRow(part)) continue;
    for (const [key, value] of Object.entries(part)) {
      if (value === undefined) continue;
      if (isSealed(fields, model, key)) {
        refuse('SEALED_FIELD_NOT_SORTABLE', model, key, 'to sort');
      }
      const relation = modelOf(fields, model).relations[key];
      if (relation !== undefined) checkOrder(fields, relation.model, value);
      else if (aggregates.includes(key)) checkOrder(fields, model, value);
    }
  }
}

function checkKeys(fields: SealedFields, model: string, value: unknown, code: SealErrorCode): void {
  if (!isRow(value)) return;
  for (const [key, chosen] of Object.entries(value)) {
    if (chosen !== undefined && chosen !== false && isSealed(fields, model, key)) {
      refuse(code, model, key, 'here');
    }
  }
}
