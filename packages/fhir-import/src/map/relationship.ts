import type { FhirRelatedPerson } from '../fhir/people.ts';
import type { MappedWrite } from './input.ts';

type Gender = FhirRelatedPerson['gender'];

/** HL7 v3 RoleCode and v2 table 0131 in our kinds. */
const kindOfCode: Readonly<Record<string, string>> = {
  MTH: 'MOTHER',
  NMTH: 'MOTHER',
  ADOPTM: 'MOTHER',
  GESTM: 'MOTHER',
  FTH: 'FATHER',
  NFTH: 'FATHER',
  ADOPTF: 'FATHER',
  CHILD: 'CHILD',
  NCHILD: 'CHILD',
  CHLDADOPT: 'CHILD',
  SON: 'CHILD',
  SONC: 'CHILD',
  DAU: 'CHILD',
  DAUC: 'CHILD',
  SPS: 'SPOUSE',
  HUSB: 'SPOUSE',
  WIFE: 'SPOUSE',
  DOMPART: 'SPOUSE',
  SIB: 'SIBLING',
  NSIB: 'SIBLING',
  BRO: 'SIBLING',
  NBRO: 'SIBLING',
  SIS: 'SIBLING',
  NSIS: 'SIBLING',
  GUARD: 'GUARDIAN',
  C: 'EMERGENCY_CONTACT',
  ECON: 'EMERGENCY_CONTACT',
};

/** A parent is a mother or a father when it is known which. */
const parentOf: Partial<Record<NonNullable<Gender>, string>> = { female: 'MOTHER', male: 'FATHER' };

/** What a related person is to the patient; OTHER when the source does not say. */
export function relationKind(person: Pick<FhirRelatedPerson, 'relationship' | 'gender'>): string {
  const codes = (person.relationship ?? []).flatMap(({ coding = [] }) =>
    coding.flatMap(({ code }) => code ?? []),
  );
  for (const code of codes) {
    const isParent = code === 'PRN' || code === 'NPRN';
    const kind = isParent ? parentOf[person.gender ?? 'unknown'] : kindOfCode[code];
    if (kind !== undefined) return kind;
  }
  return 'OTHER';
}

/** Writes down what one person is to the other, e.g. the mother of the patient. */
export function mapRelationship(relation: {
  readonly id: string;
  readonly fromPatientId: string;
  readonly toPatientId: string;
  readonly kind: string;
  readonly recordedAt: string;
}): MappedWrite {
  const { recordedAt, ...input } = relation;
  return { subgraph: 'patient', member: 'relatePatients', input, recordedAt };
}
