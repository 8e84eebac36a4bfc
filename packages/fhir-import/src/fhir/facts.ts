import { z } from 'zod';
import { concept, fhirDateTime, period, quantity, reference, resourceBase } from './element.ts';

const status = z.string();

export const encounter = z.object({
  ...resourceBase,
  status,
  type: z.array(concept).optional(),
  subject: reference.optional(),
  participant: z.array(z.object({ individual: reference.optional() })).optional(),
  period: period.optional(),
  reasonCode: z.array(concept).optional(),
  serviceProvider: reference.optional(),
});

const measured = { code: concept, valueQuantity: quantity.optional() };

export const observation = z.object({
  ...resourceBase,
  ...measured,
  status,
  subject: reference.optional(),
  encounter: reference.optional(),
  effectiveDateTime: fhirDateTime.optional(),
  effectivePeriod: period.optional(),
  effectiveInstant: fhirDateTime.optional(),
  component: z.array(z.object(measured)).optional(),
});

export const condition = z.object({
  ...resourceBase,
  verificationStatus: concept.optional(),
  code: concept.optional(),
  subject: reference,
  encounter: reference.optional(),
  onsetDateTime: fhirDateTime.optional(),
  onsetPeriod: period.optional(),
  recordedDate: fhirDateTime.optional(),
});

export const immunization = z.object({
  ...resourceBase,
  status,
  statusReason: concept.optional(),
  vaccineCode: concept,
  patient: reference,
  encounter: reference.optional(),
  occurrenceDateTime: fhirDateTime.optional(),
  lotNumber: z.string().optional(),
  performer: z.array(z.object({ actor: reference })).optional(),
  protocolApplied: z.array(z.object({ doseNumberPositiveInt: z.int().optional() })).optional(),
});

const dosage = z.object({
  text: z.string().optional(),
  asNeededBoolean: z.boolean().optional(),
  route: concept.optional(),
  timing: z
    .object({
      repeat: z
        .object({
          frequency: z.number().optional(),
          period: z.number().optional(),
          periodUnit: z.string().optional(),
          boundsDuration: quantity.optional(),
        })
        .optional(),
    })
    .optional(),
  doseAndRate: z.array(z.object({ doseQuantity: quantity.optional() })).optional(),
});

export const medicationRequest = z.object({
  ...resourceBase,
  status,
  intent: z.string(),
  medicationCodeableConcept: concept.optional(),
  medicationReference: reference.optional(),
  contained: z
    .array(
      z.object({ resourceType: z.string(), id: z.string().optional(), code: concept.optional() }),
    )
    .optional(),
  subject: reference,
  encounter: reference.optional(),
  authoredOn: fhirDateTime.optional(),
  requester: reference.optional(),
  dosageInstruction: z.array(dosage).optional(),
  dispenseRequest: z
    .object({
      quantity: quantity.optional(),
      expectedSupplyDuration: quantity.optional(),
      validityPeriod: period.optional(),
    })
    .optional(),
});

export const allergyIntolerance = z.object({
  ...resourceBase,
  clinicalStatus: concept.optional(),
  verificationStatus: concept.optional(),
  criticality: z.string().optional(),
  code: concept.optional(),
  patient: reference,
  encounter: reference.optional(),
  recordedDate: fhirDateTime.optional(),
  onsetDateTime: fhirDateTime.optional(),
  reaction: z
    .array(
      z.object({
        substance: concept.optional(),
        manifestation: z.array(concept).optional(),
        severity: z.string().optional(),
      }),
    )
    .optional(),
});

export type FhirEncounter = z.infer<typeof encounter>;
export type FhirObservation = z.infer<typeof observation>;
export type FhirCondition = z.infer<typeof condition>;
export type FhirImmunization = z.infer<typeof immunization>;
export type FhirDosage = z.infer<typeof dosage>;
export type FhirMedicationRequest = z.infer<typeof medicationRequest>;
export type FhirAllergyIntolerance = z.infer<typeof allergyIntolerance>;
