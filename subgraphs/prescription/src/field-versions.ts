import { readFieldVersions, type FieldVersions, type OperationStamp } from '@caregraph/subgraph';

/** Field versions as their JSON column takes them. */
export function fieldVersionsJson(versions: FieldVersions) {
  return Object.fromEntries(Object.entries(versions).map(([field, last]) => [field, { ...last }]));
}

/** The field versions of a record after a step that wrote these fields without merging. */
export function markFields(
  stored: unknown,
  fields: readonly string[],
  version: number,
  { deviceId, deviceSequence }: Pick<OperationStamp, 'deviceId' | 'deviceSequence'>,
) {
  const mark = { version, deviceId, deviceSequence };
  const written = Object.fromEntries(fields.map((field) => [field, mark]));
  return fieldVersionsJson({ ...readFieldVersions(stored), ...written });
}
