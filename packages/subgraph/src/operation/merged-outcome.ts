import { z } from 'zod';
import type { FieldVersions, Merge } from './merge-fields.ts';
import { problem, type AppliedOutcome } from './operation.ts';

const fieldVersions = z.record(
  z.string(),
  z.object({ version: z.int(), deviceId: z.string(), deviceSequence: z.int() }),
);

/** Reads the field versions of a row, which the database keeps as JSON. */
export function readFieldVersions(json: unknown): FieldVersions {
  return fieldVersions.parse(json);
}

/**
 * The outcome of an update that was merged and written.
 *
 * @param record what was updated; with its areas when it belongs to one
 * @example return mergedOutcome(merge, { typename: 'Household', entityId: household.id });
 */
export function mergedOutcome<TValues>(
  merge: Merge<TValues>,
  record: {
    typename: string;
    entityId: string;
    areaBefore?: string | null;
    areaAfter?: string | null;
    patientId?: string;
  },
): AppliedOutcome {
  const { patientId, ...change } = record;
  return {
    verdict: merge.verdict,
    entityId: record.entityId,
    version: merge.version,
    changes: [{ ...change, version: merge.version }],
    problems: merge.conflicts.map(({ field }) => problem('FIELD_CONFLICT', field)),
    conflicts: merge.conflicts.map((conflict) => ({
      ...conflict,
      typename: record.typename,
      entityId: record.entityId,
    })),
    ...(patientId === undefined ? {} : { patientId }),
  };
}
