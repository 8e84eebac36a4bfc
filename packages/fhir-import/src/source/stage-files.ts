import type { Clock } from '@caregraph/clock';
import { z } from 'zod';
import { isTakenType, takenTypes, type TakenType } from '../fhir/taken.ts';
import type { FhirEncounter } from '../fhir/facts.ts';
import type { FhirPatient } from '../fhir/people.ts';
import type { Identifier } from '../fhir/element.ts';
import { nameInReference, namesOf, type Naming } from '../identity.ts';
import { joinPath, type IssueCode } from '../issue.ts';
import type { ImportTally } from '../import-tally.ts';
import { admissionRules, type Admission } from './admit-resource.ts';
import type { SourceFile } from './find-files.ts';
import { readResources, type SourceItem } from './read-resources.ts';
import type { Staging } from './staging.ts';

const anyResource = z.looseObject({ resourceType: z.string().min(1).max(64) });
/** Clocks differ a little. */
const futureToleranceMs = 5 * 60_000;

interface StagingRun {
  readonly staging: Staging;
  readonly tally: ImportTally;
  readonly clock: Clock;
  /** The namespace of ids that are no UUIDs and have no server. */
  readonly source: string;
  readonly onBytes: (bytes: number) => void;
}

/** Reads all files once: what is taken is put aside, what is wrong is told, the rest is counted. */
export async function stageFiles(files: readonly SourceFile[], run: StagingRun): Promise<void> {
  for (const file of files) {
    for await (const item of readResources(file, run.onBytes)) stageItem(run, file.name, item);
  }
  run.staging.resolve();
}

function stageItem(run: StagingRun, file: string, item: SourceItem): void {
  const { path } = item;
  if (item.issue !== undefined) {
    run.tally.issue({ file, path, code: item.issue, lost: item.lost });
    return;
  }
  const typed = anyResource.safeParse(item.resource);
  if (!typed.success) {
    run.tally.issue({ file, path, code: 'NOT_FHIR', lost: 'RECORD' });
    return;
  }
  const type = typed.data.resourceType;
  if (!isTakenType(type)) {
    run.tally.leave(/^[A-Za-z]+$/.test(type) ? type : '(not a resource type)');
    return;
  }
  run.tally.read(type);
  stageResource(run, { type, file, path, fullUrl: item.fullUrl }, item.resource);
}

interface Place {
  readonly type: TakenType;
  readonly file: string;
  readonly path: string;
  readonly fullUrl: string | undefined;
}

function stageResource(run: StagingRun, place: Place, raw: unknown): void {
  const { type, file, path, fullUrl } = place;
  const bad = (code: IssueCode, at: string = path) => {
    run.tally.issue({ file, path: at, code, type, lost: 'RECORD' });
    run.tally.settle({ [type]: 1 }, 'bad');
  };
  const parsed = takenTypes[type].safeParse(raw);
  if (!parsed.success) {
    bad('RECORD_INVALID', joinPath(path, parsed.error.issues[0]?.path ?? []));
    return;
  }
  const resource = parsed.data;
  // The table has a rule for each type, and the resource was parsed as one of this type.
  const admit = admissionRules[type] as (one: typeof resource) => Admission;
  const admission = admit(resource);
  if (admission.verdict === 'LEAVE') {
    run.tally.leave(admission.as);
    run.tally.settle({ [type]: 1 }, 'left');
    return;
  }
  if (admission.verdict === 'REFUSE') {
    bad(admission.code, joinPath(path, [admission.path]));
    return;
  }
  const { moment, patient, encounter } = admission;
  if (moment !== undefined && isFuture(moment.at, run.clock)) {
    bad('DATE_IN_FUTURE');
    return;
  }
  const naming = { source: run.source, fullUrl };
  const names = namesOf({ ...naming, type, id: resource.id, identifiers: identifiersOf(resource) });
  const [identity] = names;
  if (identity === undefined) {
    bad('ID_MISSING');
    return;
  }
  const outcome = run.staging.add({
    ...{ type, identity, names, fullUrl, file, path, moment, resource },
    patientName: patient && nameInReference(patient, 'Patient', naming),
    encounterName: encounter && nameInReference(encounter, 'Encounter', naming),
  });
  noteMeetings(run.staging, type, resource, identity, naming);
  if (outcome === 'DIFFERS') bad('DUPLICATE_DIFFERS');
  else if (outcome === 'REPEATED') run.tally.settle({ [type]: 1 }, 'repeated');
}

function isFuture(at: string, clock: Clock): boolean {
  return new Date(at).getTime() > clock.now().getTime() + futureToleranceMs;
}

function identifiersOf(resource: object): readonly Identifier[] {
  // Every schema that has identifiers has them under this name and in this form.
  return 'identifier' in resource ? ((resource.identifier ?? []) as readonly Identifier[]) : [];
}

/** What a resource says about two others: who works where, and who is whom. */
function noteMeetings(
  staging: Staging,
  type: TakenType,
  resource: unknown,
  identity: string,
  naming: Naming,
): void {
  if (type === 'Encounter') {
    const { participant = [], serviceProvider } = resource as FhirEncounter; // by its type
    const organization =
      serviceProvider && nameInReference(serviceProvider, 'Organization', naming);
    if (organization === undefined) return;
    for (const { individual } of participant) {
      const name = individual && nameInReference(individual, 'Practitioner', naming);
      if (name !== undefined) staging.sawAt(name, organization);
    }
  }
  if (type === 'Patient') {
    const { link = [] } = resource as FhirPatient; // by its type
    for (const { other } of link) {
      const name = nameInReference(other, 'RelatedPerson', naming);
      if (name !== undefined) staging.sawAs(name, identity);
    }
  }
}
