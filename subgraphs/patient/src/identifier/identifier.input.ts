import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';
import { normalizeIdentifier } from '@caregraph/name-matching';

const identifierTypes = ['CARD', 'NATIONAL_ID', 'MRN', 'PASSPORT', 'PHONE_CARD', 'OTHER'] as const;

const uuid = z.string().refine(isUuidV7);

const members = {
  id: uuid,
  type: z.enum(identifierTypes),
  system: z.string().trim().max(200).default(''),
  value: z.string().trim().min(1).max(128),
};

/** A mistyped card would name somebody else, or nobody: its check character tells. */
function isOfItsType({ type, value }: { type: string; value: string }): boolean {
  return normalizeIdentifier(type, value) !== undefined;
}

const misspelt = { path: ['value'], message: 'is not an identifier of this type' };

export const newIdentifierInput = z.object(members).refine(isOfItsType, misspelt);

export const addIdentifierInput = z
  .object({ ...members, patientId: uuid })
  .refine(isOfItsType, misspelt);

export const retireIdentifierInput = z.object({ identifierId: uuid });

export type NewIdentifier = z.infer<typeof newIdentifierInput>;
