import { modelOf, type ModelFields } from '../field-map.ts';
import { rewriteRows, type SealedStore } from '../walk/rewrite-rows.ts';
import { idField, nextRows, sealedModels, type RowFilter } from '../walk/stored-rows.ts';
import type { JobName, JobProgress } from './key-job.ts';
import { setAside } from './set-aside.ts';

const rowsPerStep = 100;

/** What a walk does, for which job. */
export interface Walk {
  readonly store: SealedStore;
  readonly job: JobName;
  readonly filterOf: (entry: ModelFields) => RowFilter;
  /** All with sealed fields when left out. */
  readonly models?: readonly string[];
}

/** Where a walk is, with the rows that it set aside. */
export interface WalkedTo {
  readonly at: JobProgress;
  readonly isOver: boolean;
}

/**
 * One step of a walk over all sealed rows of a store, or of some models of it: seals the next rows
 * anew. `position` holds the model and the last id.
 *
 * @throws KeyJobError when too many rows cannot be written
 */
export async function walkStep(
  { store, job, filterOf, models = sealedModels(store.fields) }: Walk,
  at: JobProgress,
): Promise<WalkedTo> {
  const model = at.position['model'] ?? models[0];
  if (model === undefined) return { at, isOver: true };
  const entry = modelOf(store.fields, model);
  const after = at.position['after'];
  const walk = { filter: filterOf(entry), after, limit: rowsPerStep };
  const rows = await nextRows(store.pool, store.fields, model, walk);
  const unwritten = rows.length > 0 ? await rewriteRows(store, model, rows) : [];
  const more = unwritten.map((row) => ({ place: model, ...row }));
  const done = at.done + rows.length - unwritten.length;
  const here = { ...setAside(at, job, more), done };
  const last = rows.at(-1)?.[idField(model, entry)];
  if (rows.length === rowsPerStep && typeof last === 'string') {
    return { at: { ...here, position: { ...here.position, model, after: last } }, isOver: false };
  }
  const next = models[models.indexOf(model) + 1];
  if (next === undefined) return { at: here, isOver: true };
  const { after: _passed, ...position } = here.position;
  return { at: { ...here, position: { ...position, model: next } }, isOver: false };
}
