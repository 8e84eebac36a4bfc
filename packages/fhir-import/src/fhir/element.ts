import { z } from 'zod';

/**
 * FHIR R4 §2.24.0.1 date and dateTime: a year, a month, a day, or an instant with its offset.
 * Only what is read is checked; elements that nobody asks for pass through unseen.
 */
const dateTimePattern =
  /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d{2}:\d{2}))?)?)?$/;

function isExistingMoment(text: string): boolean {
  if (!dateTimePattern.test(text)) return false;
  const day = text.slice(0, 10);
  if (day.length < 10) return true;
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

export const fhirDateTime = z.string().refine(isExistingMoment, { message: 'not a FHIR dateTime' });
export const fhirDate = fhirDateTime.refine((text) => text.length <= 10, {
  message: 'not a FHIR date',
});

const coding = z.object({
  system: z.string().optional(),
  code: z.string().optional(),
  display: z.string().optional(),
});

export const concept = z.object({
  coding: z.array(coding).optional(),
  text: z.string().optional(),
});

export const identifier = z.object({
  system: z.string().optional(),
  value: z.string().optional(),
  type: concept.optional(),
});

export const reference = z.object({
  reference: z.string().optional(),
  identifier: identifier.optional(),
  display: z.string().optional(),
});

export const period = z.object({ start: fhirDateTime.optional(), end: fhirDateTime.optional() });

export const quantity = z.object({
  value: z.number().optional(),
  comparator: z.string().optional(),
  unit: z.string().optional(),
  system: z.string().optional(),
  code: z.string().optional(),
});

export const humanName = z.object({
  use: z.string().optional(),
  text: z.string().optional(),
  family: z.string().optional(),
  given: z.array(z.string()).optional(),
});

export const address = z.object({
  text: z.string().optional(),
  line: z.array(z.string()).optional(),
  city: z.string().optional(),
  district: z.string().optional(),
  state: z.string().optional(),
  postalCode: z.string().optional(),
  country: z.string().optional(),
});

export const contactPoint = z.object({
  system: z.string().optional(),
  value: z.string().optional(),
});

/** What every resource may carry. */
export const resourceBase = {
  id: z.string().max(64).optional(),
  meta: z.object({ lastUpdated: fhirDateTime.optional() }).optional(),
};

export type Coding = z.infer<typeof coding>;
export type Concept = z.infer<typeof concept>;
export type Identifier = z.infer<typeof identifier>;
export type Reference = z.infer<typeof reference>;
export type Quantity = z.infer<typeof quantity>;
export type HumanName = z.infer<typeof humanName>;
export type Address = z.infer<typeof address>;
