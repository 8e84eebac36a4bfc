import type { Random } from '@caregraph/factory';

interface Entry {
  readonly fullUrl: string;
  readonly resource: { readonly resourceType: string } & Readonly<Record<string, unknown>>;
}

/** A FHIR R4 bundle about one invented person. */
export interface Bundle {
  readonly resourceType: 'Bundle';
  readonly type: 'collection';
  readonly entry: readonly Entry[];
}

const visitDays = ['2025-03-04', '2025-07-15', '2025-11-20'] as const;
const ucum = 'http://unitsofmeasure.org';
const concept = (system: string, code: string, text: string) => ({
  coding: [{ system, code, display: text }],
  text,
});
const loinc = (code: string, text: string) => concept('http://loinc.org', code, text);

/**
 * Makes up a person with an institution, a practitioner, three visits with vitals and a diagnosis,
 * two doses of vaccines, a prescription and an allergy: the shapes that other systems export.
 *
 * @param random the same stream gives the same bundle
 */
export function createBundle(random: Random): Bundle {
  const add = createEntries(random);
  const organization = add('Organization', { name: `Clinic ${random.int(1, 9_999)}` });
  const practitioner = add('Practitioner', { name: [name(random)], active: true });
  const patient = add('Patient', {
    name: [name(random)],
    gender: random.pick(['female', 'male']),
    birthDate: `19${random.int(50, 99)}-0${random.int(1, 9)}-1${random.int(0, 9)}`,
    telecom: [{ system: 'phone', value: `+9155${random.int(10_000_000, 99_999_999)}` }],
    address: [{ line: [`House ${random.int(1, 400)}`], city: 'Tilakvan' }],
  });
  for (const day of visitDays) addVisit(add, random, { day, patient, practitioner, organization });
  for (const [code, text] of [
    ['08', 'Hep B, adolescent or pediatric'],
    ['10', 'IPV'],
  ] as const) {
    add('Immunization', {
      status: 'completed',
      vaccineCode: concept('http://hl7.org/fhir/sid/cvx', code, text),
      patient,
      occurrenceDateTime: '2025-03-04T05:30:00Z',
      lotNumber: `L${random.int(100, 999)}`,
    });
  }
  add('MedicationRequest', {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: concept(
      'http://www.whocc.no/atc',
      'N02BE01',
      'Paracetamol 500 mg tablet',
    ),
    subject: patient,
    requester: practitioner,
    authoredOn: '2025-11-20T06:00:00Z',
    dosageInstruction: [{ text: 'One tablet three times a day' }],
  });
  add('AllergyIntolerance', {
    code: concept('http://snomed.info/sct', '91936005', 'Allergy to penicillin'),
    patient,
    recordedDate: '2025-03-04T05:40:00Z',
  });
  return { resourceType: 'Bundle', type: 'collection', entry: add.entries };
}

type Reference = { readonly reference: string };
type Add = ReturnType<typeof createEntries>;

function createEntries(random: Random) {
  const entries: Entry[] = [];
  const add = (resourceType: string, fields: Readonly<Record<string, unknown>>): Reference => {
    const id = uuid(random);
    entries.push({ fullUrl: `urn:uuid:${id}`, resource: { resourceType, id, ...fields } });
    return { reference: `urn:uuid:${id}` };
  };
  return Object.assign(add, { entries });
}

interface VisitFacts {
  readonly day: string;
  readonly patient: Reference;
  readonly practitioner: Reference;
  readonly organization: Reference;
}

function addVisit(add: Add, random: Random, facts: VisitFacts): void {
  const { day, patient: subject, practitioner, organization } = facts;
  const start = `${day}T05:00:00Z`;
  const encounter = add('Encounter', {
    status: 'finished',
    class: { code: 'AMB' },
    subject,
    participant: [{ individual: practitioner }],
    period: { start, end: `${day}T05:20:00Z` },
    serviceProvider: organization,
  });
  const seen = { status: 'final', subject, encounter, effectiveDateTime: start };
  const measure = (code: string, text: string, value: number, unit: string) =>
    add('Observation', { ...seen, code: loinc(code, text), valueQuantity: of(value, unit) });
  measure('29463-7', 'Body weight', random.decimal(45, 90, 1), 'kg');
  measure('8302-2', 'Body height', random.int(150, 185), 'cm');
  measure('8310-5', 'Body temperature', random.decimal(36, 38, 1), 'Cel');
  measure('8867-4', 'Heart rate', random.int(60, 95), '/min');
  add('Observation', {
    ...seen,
    code: loinc('85354-9', 'Blood pressure panel'),
    component: [
      { code: loinc('8480-6', 'Systolic'), valueQuantity: of(random.int(100, 135), 'mm[Hg]') },
      { code: loinc('8462-4', 'Diastolic'), valueQuantity: of(random.int(60, 85), 'mm[Hg]') },
    ],
  });
  add('Condition', {
    code: concept('http://hl7.org/fhir/sid/icd-10', 'J06.9', 'Acute upper respiratory infection'),
    subject,
    encounter,
    recordedDate: start,
  });
}

function of(value: number, unit: string) {
  return { value, unit, code: unit, system: ucum };
}

function name(random: Random) {
  const given = random.pick(['Arali', 'Devani', 'Manidev', 'Tarakar', 'Umashri']);
  return {
    use: 'official',
    family: random.pick(['Paragari', 'Suwalia', 'Vikheri']),
    given: [given],
  };
}

function uuid(random: Random): string {
  const bytes = Buffer.alloc(16);
  random.fill(bytes);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...groups, hex.slice(20)].join('-');
}
