import type { Canaries } from './test-canary-texts.ts';

type Json = Readonly<Record<string, unknown>>;

const mother = { system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'MTH' };
const recordNumber = { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' };
const day = '2024-05-04';
const at = `${day}T10:00:00Z`;

/** The ids that a source may give its records: often the number on somebody's card. */
export interface SourceIds {
  readonly patient: string;
  readonly relative: string;
  readonly visit: string;
}

/**
 * A made-up FHIR R4 bundle of every type that an import takes, with a canary in every text that is
 * about somebody. Codes, institutions and who works there are public.
 */
export function bundleOf(canaries: Canaries, ids: SourceIds): Json {
  const text = (field: string) => canaries.make(`Import.${field}`);
  const person = (type: string, id: string, over: Json) => ({
    ...{ resourceType: type, id, name: [{ text: text('name') }], gender: 'female' },
    telecom: [{ system: 'phone', value: text('phone') }],
    address: [{ line: [text('address')], city: text('city') }],
    identifier: [
      { system: 'urn:hospital', value: text('value'), type: { coding: [recordNumber] } },
      { system: 'urn:other', value: text('value') },
    ],
    ...over,
  });
  const resources = [
    { resourceType: 'Organization', id: 'hospital', name: 'A hospital' },
    {
      ...{ resourceType: 'Practitioner', id: 'physician', name: [{ text: 'A physician' }] },
      telecom: [{ system: 'phone', value: text('phone') }],
    },
    person('Patient', ids.patient, { birthDate: '1990-02-03' }),
    person('RelatedPerson', ids.relative, {
      ...{ patient: { reference: `Patient/${ids.patient}` }, relationship: [{ coding: [mother] }] },
    }),
    ...factsOf(text, ids),
    // What is wrong with a record is told without its values.
    person('Patient', `${ids.patient}-2`, { gender: text('gender') }),
    person('Patient', `${ids.patient}-3`, { birthDate: text('birthDate') }),
    { resourceType: 'Claim', id: text('value'), note: text('note') },
  ];
  return {
    ...{ resourceType: 'Bundle', type: 'collection' },
    entry: resources.map((resource) => ({ resource })),
  };
}

function factsOf(text: (field: string) => string, ids: SourceIds): Json[] {
  const subject = { reference: `Patient/${ids.patient}` };
  const encounter = { reference: `Encounter/${ids.visit}` };
  const coded = (system: string, code: string) => {
    const display = text('display');
    return { coding: [{ system, code, display }], text: text('text') };
  };
  const snomed = (code: string) => coded('http://snomed.info/sct', code);
  return [
    {
      ...{ resourceType: 'Encounter', id: ids.visit, status: 'finished', subject },
      ...{ period: { start: at }, reasonCode: [{ text: text('note') }] },
      participant: [{ individual: { reference: 'Practitioner/physician' } }],
      serviceProvider: { reference: 'Organization/hospital' },
    },
    {
      ...{ resourceType: 'Observation', id: 'weight', status: 'final', subject, encounter },
      ...{ effectiveDateTime: at, valueQuantity: { value: 60, code: 'kg' } },
      ...{ code: coded('http://loinc.org', '29463-7'), note: [{ text: text('note') }] },
    },
    { resourceType: 'Condition', id: 'fever', subject, encounter, code: snomed('386661006') },
    // A text alone has no code to be kept under.
    { resourceType: 'Condition', id: 'worry', subject, encounter, code: { text: text('text') } },
    {
      ...{ resourceType: 'Immunization', id: 'dose', status: 'completed', patient: subject },
      ...{ encounter, occurrenceDateTime: day, note: [{ text: text('note') }] },
      vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140'),
    },
    {
      ...{ resourceType: 'MedicationRequest', id: 'order', status: 'stopped', intent: 'order' },
      ...{ subject, encounter, authoredOn: at, dosageInstruction: [{ text: text('dosage') }] },
      medicationCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', '313782'),
    },
    {
      ...{ resourceType: 'AllergyIntolerance', id: 'allergy', patient: subject },
      ...{ code: snomed('91936005'), recordedDate: day },
      reaction: [{ manifestation: [{ text: text('reaction') }] }],
    },
  ];
}
