import {
  allergyIntolerance,
  condition,
  encounter,
  immunization,
  medicationRequest,
  observation,
} from './facts.ts';
import { organization, patient, practitioner, relatedPerson } from './people.ts';

/** The resource types that are taken, each with the part of it that is read. */
export const takenTypes = {
  Organization: organization,
  Practitioner: practitioner,
  Patient: patient,
  RelatedPerson: relatedPerson,
  Encounter: encounter,
  Observation: observation,
  Condition: condition,
  Immunization: immunization,
  MedicationRequest: medicationRequest,
  AllergyIntolerance: allergyIntolerance,
} as const;

export type TakenType = keyof typeof takenTypes;

export function isTakenType(type: string): type is TakenType {
  return Object.hasOwn(takenTypes, type);
}
