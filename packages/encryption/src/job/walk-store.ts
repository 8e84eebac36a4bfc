import { modelOf, type ModelFields } from '../field-map.ts';
import { rewriteRows, type SealedStore } from '../walk/rewrite-rows.ts';
import { idField, nextRows, sealedModels, type RowFilter } from '../walk/stored-rows.ts';
import type { JobProgress } from './key-job.ts';

const rowsPerStep = 100;

/**
 * One step of a walk over all sealed rows of a store, or of some models of it: seals the next rows
 * anew. `position` holds the model and the last id.
 *
 * @returns undefined when the walk is at its end
 */
export async function walkStep(
  store: SealedStore,
  at: JobProgress,
  filterOf: (entry: ModelFields) => RowFilter,
  models: readonly string[] = sealedModels(store.fields),
): Promise<JobProgress | undefined> {
  const model = at.position['model'] ?? models[0];
  if (model === undefined) return undefined;
  const entry = modelOf(store.fields, model);
  const after = at.position['after'];
  const walk = { filter: filterOf(entry), after, limit: rowsPerStep };
  const rows = await nextRows(store.pool, store.fields, model, walk);
  if (rows.length > 0) await rewriteRows(store, model, rows);
  const last = rows.at(-1)?.[idField(model, entry)];
  if (rows.length === rowsPerStep && typeof last === 'string') {
    const position = { ...at.position, model, after: last };
    return { ...at, position, done: at.done + rows.length };
  }
  const next = models[models.indexOf(model) + 1];
  if (next === undefined) return undefined;
  const { after: _passed, ...position } = at.position;
  return {
    ...at,
    position: { ...position, model: next },
    done: at.done + rows.length,
  };
}
