import type { FieldVersions } from '@caregraph/subgraph';

/** Field versions as their JSON column takes them: an object type of its own has no index. */
export function fieldVersionsJson(versions: FieldVersions) {
  return Object.fromEntries(Object.entries(versions).map(([field, last]) => [field, { ...last }]));
}
