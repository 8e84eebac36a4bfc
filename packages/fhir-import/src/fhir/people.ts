import { z } from 'zod';
import {
  address,
  concept,
  contactPoint,
  fhirDate,
  fhirDateTime,
  humanName,
  identifier,
  reference,
  resourceBase,
} from './element.ts';

const gender = z.enum(['male', 'female', 'other', 'unknown']).optional();

const person = {
  ...resourceBase,
  identifier: z.array(identifier).optional(),
  active: z.boolean().optional(),
  name: z.array(humanName).optional(),
  telecom: z.array(contactPoint).optional(),
  gender,
  birthDate: fhirDate.optional(),
  address: z.array(address).optional(),
};

const communication = z.array(z.object({ language: concept, preferred: z.boolean().optional() }));

export const patient = z.object({
  ...person,
  deceasedBoolean: z.boolean().optional(),
  deceasedDateTime: fhirDateTime.optional(),
  communication: communication.optional(),
  link: z.array(z.object({ other: reference, type: z.string() })).optional(),
});

export const relatedPerson = z.object({
  ...person,
  patient: reference,
  relationship: z.array(concept).optional(),
});

export const practitioner = z.object(person);

export const organization = z.object({
  ...resourceBase,
  identifier: z.array(identifier).optional(),
  active: z.boolean().optional(),
  type: z.array(concept).optional(),
  name: z.string().optional(),
});

export type FhirPatient = z.infer<typeof patient>;
export type FhirRelatedPerson = z.infer<typeof relatedPerson>;
export type FhirPractitioner = z.infer<typeof practitioner>;
export type FhirOrganization = z.infer<typeof organization>;
