import { problem, type AppliedOutcome, type Merge } from '@caregraph/subgraph';

interface Written {
  readonly id: string;
  readonly version: number;
  readonly areaId: string;
}

/**
 * What a merged change of a patient leaves: the change log row, unless nothing was written, and
 * both values of each field that two people changed.
 *
 * @param before the patient as it was locked
 * @param after the patient as it was written; the same when nothing had to be
 */
export function mergedOutcome(
  merge: Merge<object>,
  before: Written,
  after: Written,
): AppliedOutcome {
  const { id: entityId, version } = after;
  const areas = { areaBefore: before.areaId, areaAfter: after.areaId };
  const written = after.version !== before.version;
  return {
    verdict: merge.verdict,
    entityId,
    version,
    problems: merge.conflicts.map(({ field }) => problem('FIELD_CONFLICT', field)),
    changes: written ? [{ typename: 'Patient', entityId, version, ...areas }] : [],
    conflicts: merge.conflicts.map((one) => ({ typename: 'Patient', entityId, ...one })),
    patientId: entityId,
  };
}

/** Tells whether a merge asks for a write: equal values and lost conflicts do not. */
export function asksForWrite(merge: Merge<object>): boolean {
  return Object.keys(merge.values).length > 0;
}
