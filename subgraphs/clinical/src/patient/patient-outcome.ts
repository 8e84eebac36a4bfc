import { problem, type AppliedOutcome, type Problem } from '@caregraph/subgraph';
import type { AdmittedPatient } from './patient-admission.store.ts';

interface WrittenRecord {
  readonly typename: string;
  readonly entityId: string;
  readonly version: number;
  readonly problems?: readonly Problem[];
}

/** The outcome of a fact that was recorded about a patient. */
export function recordedOutcome(patient: AdmittedPatient, record: WrittenRecord): AppliedOutcome {
  const { typename, entityId, version, problems = [] } = record;
  const { patientId, areaId, provisional } = patient;
  return {
    verdict: provisional ? 'PROVISIONAL' : 'APPLIED',
    entityId,
    version,
    problems: provisional ? [...problems, problem('PATIENT_NOT_KNOWN_YET', 'patientId')] : problems,
    changes: [{ typename, entityId, version, areaAfter: areaId }],
    patientId,
  };
}

/** The outcome of a record of a patient that was changed without a merge, e.g. one more step. */
export function changedOutcome(
  patient: Pick<AdmittedPatient, 'patientId' | 'areaId'>,
  record: WrittenRecord,
): AppliedOutcome {
  const { typename, entityId, version, problems = [] } = record;
  const { patientId, areaId } = patient;
  return {
    verdict: 'APPLIED',
    entityId,
    version,
    problems,
    changes: [{ typename, entityId, version, areaBefore: areaId, areaAfter: areaId }],
    patientId,
  };
}
