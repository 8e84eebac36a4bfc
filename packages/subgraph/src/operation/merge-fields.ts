import { isDeepStrictEqual } from 'node:util';
import type { OperationStamp } from './operation.ts';

/** Who wrote a field last: the version of the record that it came with, and the device's count. */
export type FieldVersion = Readonly<{
  version: number;
  deviceId: string;
  deviceSequence: number;
}>;

export type FieldVersions = Readonly<Record<string, FieldVersion>>;

/** Which value shows while a conflict is open. */
export type ConflictRule = 'SERVER_SHOWS' | 'DEVICE_SHOWS';

export interface FieldConflict {
  readonly field: string;
  readonly shown: 'SERVER' | 'DEVICE';
  /** The value that does not show. */
  readonly kept: unknown;
}

/** The fields that a worker changed; undefined means not changed. */
export type Changes<TValues> = { readonly [TField in keyof TValues]?: TValues[TField] | undefined };

export interface Merge<TValues> {
  readonly verdict: 'APPLIED' | 'MERGED' | 'CONFLICT';
  /** The fields to write. */
  readonly values: Partial<TValues>;
  readonly fieldVersions: FieldVersions;
  readonly version: number;
  readonly conflicts: readonly FieldConflict[];
}

/**
 * Merges a change into a record field by field. A field counts as changed by others when its
 * version is later than the one the change was made on, unless the same device wrote it earlier
 * in its own order. Equal values never conflict. Clocks play no part.
 *
 * @param current the record as it is: version, field versions and values
 * @param changes the fields that the worker changed; undefined means not changed
 * @param stamp the operation; without a base version, the change is based on what is there now
 * @param ruleOf which value shows for a field that both sides changed
 * @example mergeFields({ current, changes: { phone }, stamp, ruleOf: () => 'DEVICE_SHOWS' })
 */
export function mergeFields<TValues extends object>(options: {
  current: { version: number; fieldVersions: FieldVersions; values: TValues };
  changes: Changes<TValues>;
  stamp: Pick<OperationStamp, 'baseVersion' | 'deviceId' | 'deviceSequence'>;
  ruleOf: (field: keyof TValues & string) => ConflictRule;
}): Merge<TValues> {
  const { current, changes, stamp, ruleOf } = options;
  const stated = stamp.baseVersion ?? current.version;
  // Threat: a base that never was would overwrite silently. It counts as having seen nothing.
  const base = stated > current.version ? 0 : stated;
  const version = current.version + 1;
  const mark = { version, deviceId: stamp.deviceId, deviceSequence: stamp.deviceSequence };
  const values: Partial<TValues> = {};
  const fieldVersions: Record<string, FieldVersion> = { ...current.fieldVersions };
  const conflicts: FieldConflict[] = [];

  for (const field of Object.keys(changes) as (keyof TValues & string)[]) {
    const mine = changes[field];
    if (mine === undefined) continue;
    // Only of fields that change: another one may be a value that does not open.
    const theirs = current.values[field];
    if (isDeepStrictEqual(mine, theirs)) continue;
    if (!changedByOthers(current.fieldVersions[field], base, stamp)) {
      values[field] = mine;
      fieldVersions[field] = mark;
    } else if (ruleOf(field) === 'DEVICE_SHOWS') {
      values[field] = mine;
      fieldVersions[field] = mark;
      conflicts.push({ field, shown: 'DEVICE', kept: theirs });
    } else {
      conflicts.push({ field, shown: 'SERVER', kept: mine });
    }
  }
  const othersMoved = Object.values(current.fieldVersions).some((last) =>
    changedByOthers(last, base, stamp),
  );
  const verdict = conflicts.length > 0 ? 'CONFLICT' : othersMoved ? 'MERGED' : 'APPLIED';
  return { verdict, values, fieldVersions, version, conflicts };
}

function changedByOthers(
  last: FieldVersion | undefined,
  base: number,
  stamp: Pick<OperationStamp, 'deviceId' | 'deviceSequence'>,
): boolean {
  if (last === undefined || last.version <= base) return false;
  return last.deviceId !== stamp.deviceId || last.deviceSequence >= stamp.deviceSequence;
}

/** The field versions of a record that an operation creates. */
export function firstFieldVersions(
  fields: readonly string[],
  stamp: Pick<OperationStamp, 'deviceId' | 'deviceSequence'>,
): FieldVersions {
  const mark = { version: 1, deviceId: stamp.deviceId, deviceSequence: stamp.deviceSequence };
  return Object.fromEntries(fields.map((field) => [field, mark]));
}
