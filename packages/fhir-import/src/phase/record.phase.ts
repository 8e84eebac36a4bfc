import { mapAllergy } from '../map/allergy.ts';
import { mapImmunization } from '../map/immunization.ts';
import type { ImportEntry } from '../map/input.ts';
import { undated } from '../map/institution.ts';
import { mapPrescription } from '../map/prescription.ts';
import type { Staged } from '../source/staging.ts';
import { checkupId } from './checkup.phase.ts';
import type { Person, PhaseContext } from './phase-context.ts';

type OfVisit = Staged<'Immunization' | 'MedicationRequest'>;

export function* immunizationEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const dose of ctx.staging.all('Immunization')) {
    const { identity, resource, moment } = dose;
    const patient = ctx.person(dose.patientSeq);
    if (patient === undefined) {
      ctx.issue(dose, 'REFERENCE_UNRESOLVED', 'patient');
      continue;
    }
    // Its admission asks for a date and a code.
    if (moment === undefined) continue;
    const id = ctx.ids.of('Immunization', identity, new Date(moment.at).getTime());
    const visit = visitOf(ctx, dose, patient);
    if (visit === 'SUBJECT_DIFFERS') continue;
    const givenById = ctx.staffId(resource.performer?.[0]?.actor, dose);
    const place = { id, patientId: patient.id, institutionId: visit?.institutionId, givenById };
    const write = mapImmunization(resource, place, moment);
    if (write !== undefined) yield ctx.entry(dose, write);
  }
}

/** Before the prescriptions, whose safety findings depend on them. */
export function* allergyEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const allergy of ctx.staging.all('AllergyIntolerance')) {
    const { identity, resource, moment } = allergy;
    const patient = ctx.person(allergy.patientSeq);
    if (patient === undefined) {
      ctx.issue(allergy, 'REFERENCE_UNRESOLVED', 'patient');
      continue;
    }
    // An allergy of which nobody knows since when still harms: it is taken without a date.
    if (moment === undefined) ctx.issue(allergy, 'DATE_MISSING', 'recordedDate', 'PART');
    const at = moment?.at ?? undated;
    const id = ctx.ids.of('Allergy', identity, new Date(at).getTime());
    const write = mapAllergy(resource, { id, patientId: patient.id }, at);
    if (write === undefined) ctx.issue(allergy, 'CODE_MISSING', 'code');
    else yield ctx.entry(allergy, write);
  }
}

export function* prescriptionEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const request of ctx.staging.all('MedicationRequest')) {
    const { identity, resource, moment } = request;
    const patient = ctx.person(request.patientSeq);
    if (patient === undefined) {
      ctx.issue(request, 'REFERENCE_UNRESOLVED', 'subject');
      continue;
    }
    // Its admission asks for a date.
    if (moment === undefined) continue;
    const id = ctx.ids.of('Prescription', identity, new Date(moment.at).getTime());
    const visit = visitOf(ctx, request, patient);
    if (visit === 'SUBJECT_DIFFERS') continue;
    const prescriberId = ctx.staffId(resource.requester, request);
    const place = { id, ids: ctx.ids, patientId: patient.id, ...visit, prescriberId };
    const write = mapPrescription(resource, place, moment.at);
    if (write === undefined) ctx.issue(request, 'CODE_MISSING', 'medicationCodeableConcept');
    else yield ctx.entry(request, write);
  }
}

/**
 * The visit of a record and where it was; undefined when there is none. At someone else's visit one
 * of the two references is wrong, and a dose must not be written to the wrong person.
 */
function visitOf(ctx: PhaseContext, record: OfVisit, patient: Person) {
  if (record.encounterSeq === undefined) return undefined;
  const encounter = ctx.staging.get(record.encounterSeq, 'Encounter');
  if (encounter.patientSeq !== patient.seq) {
    ctx.issue(record, 'SUBJECT_DIFFERS', 'encounter');
    return 'SUBJECT_DIFFERS';
  }
  const institutionId = ctx.institutionId(encounter.resource.serviceProvider, encounter);
  return { checkupId: checkupId(ctx, encounter), institutionId };
}
