import type { z } from 'zod';
import type { Reference } from '../fhir/element.ts';
import type { takenTypes, TakenType } from '../fhir/taken.ts';
import type { IssueCode } from '../issue.ts';
import { firstCode, originalCoding } from '../map/coding.ts';
import { hasVitals, loincCodes } from '../map/vital-sign.ts';
import { firstMoment, momentOf, type Moment } from '../moment.ts';

export type Resource<TType extends TakenType> = z.infer<(typeof takenTypes)[TType]>;

/** What is decided of a resource when it is read, before anything else is known. */
export type Admission =
  | {
      readonly verdict: 'TAKE';
      readonly moment?: Moment | undefined;
      readonly patient?: Reference | undefined;
      readonly encounter?: Reference | undefined;
    }
  /** Not taken, under this name in the summary. */
  | { readonly verdict: 'LEAVE'; readonly as: string }
  | { readonly verdict: 'REFUSE'; readonly code: IssueCode; readonly path: string };

const leave = (as: string): Admission => ({ verdict: 'LEAVE', as });
const refuse = (code: IssueCode, path: string): Admission => ({ verdict: 'REFUSE', code, path });

const visitsThatWereNot = new Set(['planned', 'cancelled', 'entered-in-error']);
const finalResults = new Set(['final', 'amended', 'corrected']);
const proposals = new Set(['proposal', 'plan', 'option']);

/** Decides of each type what is taken. A status that says it never happened is not. */
export const admissionRules: {
  readonly [TType in TakenType]: (resource: Resource<TType>) => Admission;
} = {
  Organization: ({ name }) =>
    name === undefined || name.trim() === '' ? refuse('NAME_MISSING', 'name') : { verdict: 'TAKE' },
  Practitioner: () => ({ verdict: 'TAKE' }),
  Patient: () => ({ verdict: 'TAKE' }),
  RelatedPerson: ({ patient }) => ({ verdict: 'TAKE', patient }),
  Encounter({ status, period, subject: patient }) {
    if (visitsThatWereNot.has(status)) return leave(`Encounter (${status})`);
    const moment = momentOf(period?.start);
    if (moment === undefined) return refuse('DATE_MISSING', 'period.start');
    return { verdict: 'TAKE', moment, patient };
  },
  Observation(observation) {
    const { status, code, subject: patient, encounter } = observation;
    if (!finalResults.has(status)) return leave(`Observation (${status})`);
    if (!hasVitals(observation)) return leave(`Observation ${loincCodes(code)[0] ?? '(no LOINC)'}`);
    const { effectiveDateTime, effectiveInstant, effectivePeriod } = observation;
    const moment = firstMoment(effectiveDateTime, effectiveInstant, effectivePeriod?.start);
    if (moment === undefined) return refuse('DATE_MISSING', 'effectiveDateTime');
    return { verdict: 'TAKE', moment, patient, encounter };
  },
  Condition(condition) {
    const { verificationStatus, subject: patient, encounter, code } = condition;
    const status = firstCode(verificationStatus);
    if (status === 'entered-in-error') return leave(`Condition (${status})`);
    if (originalCoding(code) === undefined) return refuse('CODE_MISSING', 'code');
    const { recordedDate, onsetDateTime, onsetPeriod } = condition;
    const moment = firstMoment(recordedDate, onsetDateTime, onsetPeriod?.start);
    return { verdict: 'TAKE', moment, patient, encounter };
  },
  Immunization({ status, vaccineCode, patient, encounter, occurrenceDateTime }) {
    if (status === 'entered-in-error') return leave(`Immunization (${status})`);
    if (originalCoding(vaccineCode) === undefined) return refuse('CODE_MISSING', 'vaccineCode');
    const moment = momentOf(occurrenceDateTime);
    if (moment === undefined) return refuse('DATE_MISSING', 'occurrenceDateTime');
    return { verdict: 'TAKE', moment, patient, encounter };
  },
  MedicationRequest({ status, intent, authoredOn, subject: patient, encounter }) {
    const isLeft = status === 'entered-in-error' || status === 'draft';
    if (isLeft) return leave(`MedicationRequest (${status})`);
    if (proposals.has(intent)) return leave(`MedicationRequest (${intent})`);
    const moment = momentOf(authoredOn);
    if (moment === undefined) return refuse('DATE_MISSING', 'authoredOn');
    return { verdict: 'TAKE', moment, patient, encounter };
  },
  AllergyIntolerance(allergy) {
    const { clinicalStatus, verificationStatus, patient, encounter } = allergy;
    const clinical = firstCode(clinicalStatus);
    const verification = firstCode(verificationStatus);
    if (verification === 'entered-in-error' || verification === 'refuted') {
      return leave(`AllergyIntolerance (${verification})`);
    }
    if (clinical === 'inactive' || clinical === 'resolved') {
      return leave(`AllergyIntolerance (${clinical})`);
    }
    const moment = firstMoment(allergy.recordedDate, allergy.onsetDateTime);
    return { verdict: 'TAKE', moment, patient, encounter };
  },
};
