import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';

const uuid = z.string().refine(isUuidV7);
const label = z.string().trim().min(1).max(100).nullish();
const address = z.string().trim().min(1).max(500).nullish();

export const registerHouseholdInput = z.object({ id: uuid, areaId: uuid, label, address });

export const updateHouseholdInput = z.object({
  householdId: uuid,
  areaId: uuid.nullish(),
  headId: uuid.nullish(),
  label,
  address,
});

export type RegisterHousehold = z.infer<typeof registerHouseholdInput>;
export type UpdateHousehold = z.infer<typeof updateHouseholdInput>;
