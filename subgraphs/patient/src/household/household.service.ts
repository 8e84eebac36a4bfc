import type { ConflictRule } from '@caregraph/subgraph';
import type { UpdateHousehold } from './household.input.ts';

/** What is merged of a household, each field by itself. */
export interface HouseholdValues {
  readonly areaId: string;
  readonly headId: string | null;
  readonly label: string | null;
  readonly address: string | null;
}

/**
 * Which value shows when two people changed the same field. Where a household is decides who sees
 * its members, so it does not change back by an old queue; how to find it is best known to the one
 * who was there last.
 */
export const householdConflictRules = {
  areaId: 'SERVER_SHOWS',
  headId: 'SERVER_SHOWS',
  label: 'DEVICE_SHOWS',
  address: 'DEVICE_SHOWS',
} as const satisfies Record<keyof HouseholdValues, ConflictRule>;

export const householdFields = Object.keys(householdConflictRules);

/** What an update changes: absent members are left alone, null clears, an area cannot be cleared. */
export function changesOf({ areaId, headId, label, address }: UpdateHousehold) {
  const changes: { -readonly [Field in keyof HouseholdValues]?: HouseholdValues[Field] } = {};
  if (areaId != null) changes.areaId = areaId;
  if (headId !== undefined) changes.headId = headId;
  if (label !== undefined) changes.label = label;
  if (address !== undefined) changes.address = address;
  return changes;
}
