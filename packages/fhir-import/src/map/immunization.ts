import { findVaccineByCvx } from '@caregraph/guideline';
import type { FhirImmunization } from '../fhir/facts.ts';
import type { Moment } from '../moment.ts';
import { codesIn, firstCode, originalCoding } from './coding.ts';
import type { MappedWrite } from './input.ts';

const cvx = 'http://hl7.org/fhir/sid/cvx';

/** HL7 v3 ActReason in our reasons. */
const reasonOfCode: Readonly<Record<string, string>> = {
  PATOBJ: 'REFUSED',
  RELIG: 'REFUSED',
  PHILISOP: 'REFUSED',
  MEDPREC: 'CONTRAINDICATED',
  IMMUNE: 'IMMUNE',
  OSTOCK: 'OUT_OF_STOCK',
};

/** Whom and where a dose was given. */
export interface DosePlace {
  readonly id: string;
  readonly patientId: string;
  readonly institutionId?: string | undefined;
  readonly givenById?: string | undefined;
}

/**
 * A dose that was given, or not given for a reason. Its number in a series is taken only where the
 * source states it: counting is the schedule's matter.
 *
 * @returns undefined when the vaccine has no code
 */
export function mapImmunization(
  immunization: FhirImmunization,
  { id, patientId, institutionId, givenById }: DosePlace,
  { at, day }: Moment,
): MappedWrite | undefined {
  const { vaccineCode, status, statusReason, lotNumber, protocolApplied } = immunization;
  const coding = originalCoding(vaccineCode);
  if (coding === undefined) return undefined;
  const vaccine = codesIn(vaccineCode, cvx)
    .map((code) => findVaccineByCvx(code)?.code)
    .find((code) => code !== undefined);
  const doseNumber = protocolApplied?.[0]?.doseNumberPositiveInt;
  const batch = lotNumber?.trim().slice(0, 60);
  const given =
    status === 'completed'
      ? { givenOn: day }
      : { notGivenReason: reasonOfCode[firstCode(statusReason) ?? ''] ?? 'OTHER' };
  const input = {
    id,
    patientId,
    ...(vaccine === undefined ? {} : { vaccineCode: vaccine }),
    coding,
    ...given,
    ...(doseNumber !== undefined && doseNumber <= 20 ? { doseNumber } : {}),
    ...(batch ? { batch } : {}),
    ...(institutionId === undefined ? {} : { institutionId }),
    ...(givenById === undefined ? {} : { givenById }),
  };
  return { subgraph: 'clinical', member: 'recordImmunization', input, recordedAt: at };
}
