import { daysBetween, findDisease } from '@caregraph/guideline';
import type { FhirCondition, FhirEncounter } from '../fhir/facts.ts';
import type { Concept } from '../fhir/element.ts';
import { codesIn, originalCoding, readable } from './coding.ts';
import type { DiagnosisInput, MappedWrite, VitalsInput } from './input.ts';
import type { VitalValue } from './vital-sign.ts';

/** Where and about whom a visit was. */
export interface Visit {
  readonly id: string;
  readonly patientId: string;
  /** RFC 3339 in UTC. */
  readonly recordedAt: string;
  /** The civil day of the visit. */
  readonly day: string;
  readonly birthDate?: string | undefined;
  readonly institutionId?: string | undefined;
  readonly attendedById?: string | undefined;
}

const icd10 = ['http://hl7.org/fhir/sid/icd-10', 'urn:oid:2.16.840.1.113883.6.3'];
/** 130 years: what lies beyond is a mistake in one of the two dates. */
const maxAgeDays = 47_482;

/**
 * A visit with what was measured and found at it.
 *
 * @example mapCheckup(visit, { vitals: { pulsePerMin: 80 }, diagnoses: [] }).member // 'recordCheckup'
 */
export function mapCheckup(
  visit: Visit,
  findings: {
    readonly vitals: VitalsInput;
    readonly diagnoses: readonly DiagnosisInput[];
    readonly notes?: string | undefined;
  },
): MappedWrite {
  const { id, patientId, recordedAt, day, birthDate, institutionId, attendedById } = visit;
  const ageDays = birthDate === undefined ? undefined : daysBetween(birthDate, day);
  const isAge = ageDays !== undefined && ageDays >= 0 && ageDays <= maxAgeDays;
  const { vitals, diagnoses, notes } = findings;
  const input = {
    id,
    patientId,
    visitType: 'ENCOUNTER_IMPORT',
    ...(institutionId === undefined ? {} : { institutionId }),
    ...(attendedById === undefined ? {} : { attendedById }),
    ...(isAge ? { ageDays } : {}),
    ...(Object.keys(vitals).length > 0 ? { vitals } : {}),
    ...(diagnoses.length > 0 ? { diagnoses } : {}),
    ...(notes === undefined ? {} : { notes }),
  };
  return { subgraph: 'clinical', member: 'recordCheckup', input, recordedAt };
}

/** Why the person came, as the source's reader would read it. */
export function visitNotes({ type = [], reasonCode = [] }: FhirEncounter): string | undefined {
  const texts = [...type, ...reasonCode].flatMap((concept: Concept) => readable(concept) ?? []);
  const notes = [...new Set(texts)].join('; ').slice(0, 20_000);
  return notes === '' ? undefined : notes;
}

const certaintyOf: Readonly<Record<string, DiagnosisInput['certainty']>> = {
  confirmed: 'CONFIRMED',
  refuted: 'RULED_OUT',
  unconfirmed: 'SUSPECTED',
  provisional: 'SUSPECTED',
  differential: 'SUSPECTED',
};

/**
 * A condition as a diagnosis of a visit: by its ICD-10 code when it has one that is known here,
 * else by the code that the source gave. Nothing is translated from one classification to another.
 *
 * @returns undefined when the condition has no code and no text
 */
export function mapDiagnosis(condition: FhirCondition): DiagnosisInput | undefined {
  const { code, verificationStatus, onsetDateTime, onsetPeriod } = condition;
  const coding = originalCoding(code);
  if (coding === undefined) return undefined;
  const diseaseCode = icd10
    .flatMap((system) => codesIn(code ?? {}, system))
    .find((one) => findDisease(one)?.code === one);
  const status = verificationStatus?.coding?.[0]?.code ?? 'confirmed';
  const onset = onsetDateTime ?? onsetPeriod?.start;
  return {
    ...(diseaseCode === undefined ? {} : { diseaseCode }),
    coding,
    certainty: certaintyOf[status] ?? 'SUSPECTED',
    ...(onset !== undefined && onset.length >= 10 ? { onsetOn: onset.slice(0, 10) } : {}),
  };
}

/** The values of one visit together. */
export function vitalsOf(values: readonly VitalValue[]): VitalsInput {
  const vitals: VitalsInput = {};
  for (const { name, value, fasting } of values) {
    vitals[name] = value;
    if (fasting === true) vitals.glucoseFasting = true;
  }
  return vitals;
}
