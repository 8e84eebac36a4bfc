import type { TakenType } from '../fhir/taken.ts';
import { nameInReference, namesOf } from '../identity.ts';
import { importInstitutionId } from '../import-ids.ts';
import type { ImportEntry } from '../map/input.ts';
import {
  mapDismissal,
  mapOrganization,
  mapPractitioner,
  undated,
  unknownInstitution,
} from '../map/institution.ts';
import { mapPatient } from '../map/patient.ts';
import { readableName } from '../map/person-name.ts';
import { mapRelationship, relationKind } from '../map/relationship.ts';
import type { Staged } from '../source/staging.ts';
import type { PhaseContext } from './phase-context.ts';

/** Organizations, and one for whoever has none: practitioners of no organization, the importer. */
export function* institutionEntries(ctx: PhaseContext): Generator<ImportEntry> {
  const notStated = { id: importInstitutionId(ctx.ids, ctx.source), areaId: ctx.areaId };
  yield ctx.entry(noResource('Organization'), unknownInstitution(notStated), {});
  for (const organization of ctx.staging.all('Organization')) {
    const { identity, resource } = organization;
    const place = { id: ctx.ids.of('Institution', identity), areaId: ctx.areaId };
    // Its admission asks for a name.
    const named = { ...resource, name: resource.name ?? '' };
    yield ctx.entry(organization, mapOrganization(named, place));
  }
}

/** What the import itself adds comes from no file. */
function noResource(type: TakenType) {
  return { type, file: '(import)', path: '$' };
}

function knownInstitution(ctx: PhaseContext, practitioner: Staged): string | undefined {
  const name = ctx.staging.organizationOf(allNames(ctx, practitioner));
  const organization = ctx.staging.find(name, 'Organization');
  return organization && ctx.ids.of('Institution', organization.identity);
}

function allNames({ source }: PhaseContext, { type, fullUrl, identity, resource }: Staged) {
  const identifiers = 'identifier' in resource ? (resource.identifier ?? []) : [];
  return [identity, ...namesOf({ source, type, fullUrl, id: resource.id, identifiers })];
}

export function* staffEntries(ctx: PhaseContext): Generator<ImportEntry> {
  if (ctx.importerName !== undefined) {
    const place = { id: ctx.actorId, institutionId: importInstitutionId(ctx.ids, ctx.source) };
    const write = mapPractitioner({ name: [{ text: ctx.importerName }] }, place);
    if (write !== undefined) yield ctx.entry(noResource('Practitioner'), write, {});
  }
  for (const practitioner of ctx.staging.all('Practitioner')) {
    const institutionId =
      knownInstitution(ctx, practitioner) ?? importInstitutionId(ctx.ids, ctx.source);
    const id = ctx.ids.of('Staff', practitioner.identity);
    const write = mapPractitioner(practitioner.resource, { id, institutionId });
    if (write === undefined) ctx.issue(practitioner, 'NAME_MISSING', 'name');
    else yield ctx.entry(practitioner, write);
  }
}

export function* dismissalEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const practitioner of ctx.staging.all('Practitioner')) {
    if (practitioner.resource.active !== false) continue;
    const id = ctx.ids.of('Staff', practitioner.identity);
    yield ctx.entry(practitioner, mapDismissal(id), {}, 2);
  }
}

/**
 * Patients, and related persons who are no patients of this import: a mother who stands beside her
 * child's record is a person of the district too.
 */
export function* patientEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const patient of ctx.staging.all('Patient')) {
    const first = ctx.staging.firstMomentOf(patient.seq);
    // Nobody is registered later than the first thing that is known of them.
    const recordedAt = first ?? patient.resource.meta?.lastUpdated ?? undated;
    const id = ctx.ids.of('Patient', patient.identity);
    yield* registration(ctx, patient, { id, recordedAt });
  }
  for (const related of ctx.staging.all('RelatedPerson')) {
    if (ctx.person(related.patientSeq) === undefined) continue;
    if (patientNamedAs(ctx, related) !== undefined) continue;
    const id = ctx.ids.of('Patient', related.identity);
    yield* registration(ctx, related, { id, recordedAt: undated });
  }
}

function* registration(
  ctx: PhaseContext,
  person: Staged<'Patient' | 'RelatedPerson'>,
  { id, recordedAt }: { id: string; recordedAt: string },
): Generator<ImportEntry> {
  const at = new Date(recordedAt).toISOString();
  const { areaId, ids } = ctx;
  const mapped = mapPatient(person.resource, { id, ids, areaId, recordedAt: at });
  if (mapped === undefined) {
    ctx.issue(person, 'NAME_MISSING', 'name');
    return;
  }
  for (const { code, path } of mapped.problems) ctx.issue(person, code, path, 'PART');
  // A related person counts when the relationship is written.
  yield ctx.entry(person, mapped.write, person.type === 'Patient' ? { Patient: 1 } : {});
}

/** The patient of this import who is the same human: linked, or of the same identifier. */
function patientNamedAs(ctx: PhaseContext, related: Staged<'RelatedPerson'>) {
  const linked = ctx.staging.patientNamedAs(allNames(ctx, related));
  const patient = ctx.staging.find(linked, 'Patient');
  if (patient !== undefined) return ctx.person(patient.seq);
  for (const identifier of related.resource.identifier ?? []) {
    const name = nameInReference({ identifier }, 'Patient', ctx);
    const same = ctx.staging.find(name, 'Patient');
    if (same !== undefined) return ctx.person(same.seq);
  }
  return undefined;
}

export function* relationshipEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const related of ctx.staging.all('RelatedPerson')) {
    const { resource, identity, patientSeq } = related;
    const patient = ctx.person(patientSeq);
    if (patient === undefined) {
      ctx.issue(related, 'REFERENCE_UNRESOLVED', 'patient');
      continue;
    }
    const same = patientNamedAs(ctx, related);
    // Reported when they were to be registered.
    if (same === undefined && readableName(resource.name) === undefined) continue;
    const fromPatientId = same?.id ?? ctx.ids.of('Patient', identity);
    yield ctx.entry(
      related,
      mapRelationship({
        id: ctx.ids.of('Relationship', identity),
        fromPatientId,
        toPatientId: patient.id,
        kind: relationKind(resource),
        recordedAt: undated,
      }),
    );
  }
}
