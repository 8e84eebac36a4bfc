import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';

const relationshipKinds = [
  'MOTHER',
  'FATHER',
  'CHILD',
  'SPOUSE',
  'SIBLING',
  'GUARDIAN',
  'CAREGIVER',
  'EMERGENCY_CONTACT',
  'OTHER',
] as const;

export type RelationshipKind = (typeof relationshipKinds)[number];

const uuid = z.string().refine(isUuidV7);

export const relatePatientsInput = z
  .object({
    id: uuid,
    fromPatientId: uuid,
    toPatientId: uuid,
    kind: z.enum(relationshipKinds),
  })
  .refine((input) => input.fromPatientId !== input.toPatientId, {
    path: ['toPatientId'],
    params: { code: 'CYCLE_REFUSED' },
  });

export const endRelationshipInput = z
  .object({
    relationshipId: uuid,
    endedOn: z.iso.date().nullish(),
    enteredInError: z.boolean().default(false),
  })
  .refine((input) => !input.enteredInError || input.endedOn == null, {
    path: ['endedOn'],
    message: 'what never was did not end',
  });

export type RelatePatients = z.infer<typeof relatePatientsInput>;
