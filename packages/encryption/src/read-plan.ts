import { isRow, modelOf, type ModelFields, type PlainType, type Row } from './field-map.ts';
import type { SealedFields } from './field-map.ts';
import type { QueryGuard } from './query-guard.ts';

/** What happens to the rows of one model in one answer. */
export interface ReadPlan {
  readonly model: string;
  readonly entry: ModelFields;
  readonly sealed: readonly (readonly [field: string, type: PlainType])[];
  /** Fields that were asked for only to open the others. */
  readonly strip: readonly string[];
  readonly children: readonly (readonly [relation: string, plan: ReadPlan])[];
}

const selection = ['select', 'include'] as const;

/**
 * Checks the arguments of a read, adds what opening needs (id and owner), leaves the blind index
 * columns out, and returns how to open the answer; undefined when nothing in it is sealed.
 * `args` belongs to the caller's private copy and is changed in place.
 */
export function planRead(
  fields: SealedFields,
  guard: QueryGuard,
  model: string,
  args: Row,
): ReadPlan | undefined {
  guard.checkArgs(model, args);
  const entry = modelOf(fields, model);
  const children: [string, ReadPlan][] = [];
  for (const key of selection) {
    const chosen = args[key];
    if (!isRow(chosen)) continue;
    for (const [name, value] of Object.entries(chosen)) {
      if (name === '_count') checkCounts(entry, guard, value);
      const relation = entry.relations[name];
      if (relation === undefined || (value !== true && !isRow(value))) continue;
      const childArgs = isRow(value) ? value : {};
      const plan = planRead(fields, guard, relation.model, childArgs);
      if (plan !== undefined) children.push([name, plan]);
      if (Object.keys(childArgs).length > 0) chosen[name] = childArgs;
    }
  }
  const scalars = isRow(args['select'])
    ? planSelected(entry, args['select'])
    : planAllBut(entry, args);
  if (scalars.sealed.length === 0 && children.length === 0) return undefined;
  return { model, entry, children, ...scalars };
}

function checkCounts(entry: ModelFields, guard: QueryGuard, count: unknown): void {
  const select = isRow(count) ? count['select'] : undefined;
  if (!isRow(select)) return;
  for (const [name, value] of Object.entries(select)) {
    const relation = entry.relations[name];
    if (relation !== undefined && isRow(value)) guard.checkArgs(relation.model, value);
  }
}

function openingFields(entry: ModelFields): readonly string[] {
  return entry.owner === null ? entry.id : [...entry.id, entry.owner];
}

function planSelected(entry: ModelFields, select: Row): Pick<ReadPlan, 'sealed' | 'strip'> {
  const sealed = Object.entries(entry.sealed).filter(([field]) => select[field] === true);
  const strip: string[] = [];
  if (sealed.length === 0) return { sealed, strip };
  for (const field of openingFields(entry)) {
    if (select[field] === true) continue;
    select[field] = true;
    strip.push(field);
  }
  return { sealed, strip };
}

function planAllBut(entry: ModelFields, args: Row): Pick<ReadPlan, 'sealed' | 'strip'> {
  const asked: Row = isRow(args['omit']) ? args['omit'] : {};
  const sealed = Object.entries(entry.sealed).filter(([field]) => asked[field] !== true);
  const strip: string[] = [];
  const omit = { ...asked };
  // Tokens tell which rows share a name: they are for filters and never leave the database.
  for (const field of Object.keys(entry.blind)) omit[field] = true;
  if (sealed.length > 0) {
    for (const field of openingFields(entry)) {
      if (omit[field] !== true) continue;
      omit[field] = false;
      strip.push(field);
    }
  }
  if (Object.keys(omit).length > 0) args['omit'] = omit;
  return { sealed, strip };
}
