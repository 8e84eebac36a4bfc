import type { FhirOrganization, FhirPractitioner } from '../fhir/people.ts';
import { codesIn } from './coding.ts';
import { readableName } from './person-name.ts';
import type { MappedWrite } from './input.ts';

const providerIds = 'http://hl7.org/fhir/sid/us-npi';
const organizationTypes = 'http://terminology.hl7.org/CodeSystem/organization-type';
/** Where what has no date is put in time: institutions and people came before their records. */
export const undated = '1970-01-01T00:00:00.000Z';

/**
 * An organization as an institution of the area that the import names. FHIR tells a provider from
 * other organizations; which kind of provider, only its name tells.
 *
 * @example mapOrganization(organization, { id, areaId }).input.kind // 'HOSPITAL'
 */
export function mapOrganization(
  organization: FhirOrganization & { readonly name: string },
  place: { readonly id: string; readonly areaId: string },
): MappedWrite {
  const name = organization.name.trim().slice(0, 200);
  const registryCode = organization.identifier
    ?.find(({ system }) => system === providerIds)
    ?.value?.slice(0, 60);
  const kind = kindOf(organization, name);
  return {
    subgraph: 'institution',
    member: 'registerInstitution',
    input: { ...place, kind, name, ...(registryCode ? { registryCode } : {}) },
    recordedAt: undated,
  };
}

function kindOf({ type = [] }: FhirOrganization, name: string): string {
  const codes = type.flatMap((concept) => codesIn(concept, organizationTypes));
  if (codes.length > 0 && !codes.includes('prov')) return 'OFFICE';
  if (/pharmac|drug ?store|apothe/i.test(name)) return 'PHARMACY';
  if (/\blab(s|orator)/i.test(name)) return 'LABORATORY';
  return /hospital|medical cent/i.test(name) ? 'HOSPITAL' : 'CLINIC';
}

/**
 * The institution of practitioners who were never seen at one.
 *
 * @param place its id and area
 */
export function unknownInstitution(place: {
  readonly id: string;
  readonly areaId: string;
}): MappedWrite {
  return {
    subgraph: 'institution',
    member: 'registerInstitution',
    input: { ...place, kind: 'OFFICE', name: 'Institution not stated (imported)' },
    recordedAt: undated,
  };
}

/**
 * A practitioner as staff of the institution where they were first seen. They get no areas: who is
 * named in a history does not thereby reach anybody's record.
 */
export function mapPractitioner(
  practitioner: FhirPractitioner,
  place: { readonly id: string; readonly institutionId: string },
): MappedWrite | undefined {
  const name = readableName(practitioner.name);
  if (name === undefined) return undefined;
  const credentialsNumber = practitioner.identifier
    ?.find(({ value }) => value !== undefined && value.trim() !== '')
    ?.value?.trim()
    .slice(0, 60);
  const contact = practitioner.telecom?.find(({ system }) => system === 'phone')?.value?.trim();
  const isContact = contact !== undefined && contact.length >= 3 && contact.length <= 40;
  return {
    subgraph: 'institution',
    member: 'registerStaff',
    input: {
      ...place,
      name,
      role: 'CLINICIAN',
      areaIds: [],
      ...(credentialsNumber ? { credentialsNumber } : {}),
      ...(isContact ? { contact } : {}),
    },
    recordedAt: undated,
  };
}

/** Ends the work of a practitioner whom the source calls inactive. */
export function mapDismissal(id: string): MappedWrite {
  return { subgraph: 'institution', member: 'dismissStaff', input: { id }, recordedAt: undated };
}
