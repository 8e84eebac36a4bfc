import { normalizeIdentifier } from '@caregraph/name-matching';
import type { Address, Identifier } from '../fhir/element.ts';
import type { FhirPatient, FhirRelatedPerson } from '../fhir/people.ts';
import type { ImportIds } from '../import-ids.ts';
import { civilDateOf } from '../moment.ts';
import { codesIn, firstCode } from './coding.ts';
import type { MappedWrite } from './input.ts';
import { readableName } from './person-name.ts';
import type { VitalProblem } from './vital-sign.ts';

const identifierTypes = 'http://terminology.hl7.org/CodeSystem/v2-0203';

/**
 * HL7 table 0203 in our types. A driving licence names a person too, but not every country issues
 * it as an identity document: it is kept as OTHER.
 */
const typeOfCode: Readonly<Record<string, string>> = {
  MR: 'MRN',
  MRT: 'MRN',
  PPN: 'PASSPORT',
  SS: 'NATIONAL_ID',
  SB: 'NATIONAL_ID',
  NI: 'NATIONAL_ID',
};

const sexOf = { male: 'MALE', female: 'FEMALE', other: 'OTHER', unknown: 'UNKNOWN' } as const;

/** What a registration needs to know beside the person. */
export interface Registration {
  readonly id: string;
  readonly ids: Pick<ImportIds, 'within'>;
  readonly areaId: string;
  readonly recordedAt: string;
}

export interface MappedPerson {
  readonly write: MappedWrite;
  readonly problems: readonly VitalProblem[];
}

/**
 * A person's registration with the identifiers they came with.
 *
 * @returns undefined when the person has no name
 * @example mapPatient(resource, { id, ids, areaId, recordedAt })?.write.member // 'registerPatient'
 */
export function mapPatient(
  person: FhirPatient | FhirRelatedPerson,
  { id, ids, areaId, recordedAt }: Registration,
): MappedPerson | undefined {
  const name = readableName(person.name);
  if (name === undefined) return undefined;
  const { identifiers, problems } = mapIdentifiers(person.identifier ?? [], (key) =>
    ids.within('Identifier', `${id}\n${key}`),
  );
  const input = {
    id,
    areaId,
    name,
    sex: sexOf[person.gender ?? 'unknown'],
    ...birthOf(person),
    ...contactOf(person),
    ...('patient' in person ? {} : deathOf(person)),
    ...('patient' in person ? {} : languageOf(person)),
    ...(identifiers.length > 0 ? { identifiers } : {}),
  };
  return { write: { subgraph: 'patient', member: 'registerPatient', input, recordedAt }, problems };
}

function birthOf({ birthDate }: Pick<FhirPatient, 'birthDate'>) {
  if (birthDate === undefined) return {};
  const { date, estimated } = civilDateOf(birthDate);
  return { birthDate: date, birthDateEstimated: estimated };
}

function deathOf({ deceasedBoolean, deceasedDateTime }: FhirPatient) {
  if (deceasedDateTime !== undefined) {
    const day = deceasedDateTime.length >= 10 ? deceasedDateTime.slice(0, 10) : undefined;
    return { deceased: true, ...(day === undefined ? {} : { deceasedOn: day }) };
  }
  return deceasedBoolean === true ? { deceased: true } : {};
}

function contactOf(person: Pick<FhirPatient, 'telecom' | 'address'>) {
  const phone = person.telecom
    ?.find(({ system, value }) => system === 'phone' && value !== undefined && value.length <= 40)
    ?.value?.trim();
  const address = lineOf(person.address?.[0]);
  return { ...(phone ? { phone } : {}), ...(address ? { address } : {}) };
}

function lineOf(address: Address | undefined): string {
  if (address === undefined) return '';
  const { line = [], city, district, state, postalCode, country, text } = address;
  const parts = [...line, city, district, state, postalCode, country].filter((part) => part);
  return (parts.length > 0 ? parts.join(', ') : (text ?? '')).trim().slice(0, 500);
}

function languageOf({ communication = [] }: FhirPatient) {
  const spoken = communication.find(({ preferred }) => preferred === true) ?? communication[0];
  const tag = firstCode(spoken?.language);
  const isTag = tag !== undefined && /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag);
  return isTag && tag.length <= 35 ? { preferredLanguage: tag } : {};
}

/** The identifiers of a person; one that says nothing is told and left out. */
function mapIdentifiers(given: readonly Identifier[], idOf: (key: string) => string) {
  const identifiers = new Map<string, Readonly<Record<string, string>>>();
  const problems: VitalProblem[] = [];
  given.forEach(({ system = '', value = '', type }, index) => {
    const code = type === undefined ? undefined : codesIn(type, identifierTypes)[0];
    const kind = typeOfCode[code ?? ''] ?? 'OTHER';
    const normal = normalizeIdentifier(kind, value.trim());
    if (normal === undefined || system.length > 200 || identifiers.size === 20) {
      problems.push({ code: 'IDENTIFIER_INVALID', path: `identifier[${index}]` });
      return;
    }
    const key = `${kind}\n${system}\n${normal}`;
    if (identifiers.has(key)) return;
    identifiers.set(key, { id: idOf(key), type: kind, system: system.trim(), value: value.trim() });
  });
  return { identifiers: [...identifiers.values()], problems };
}
