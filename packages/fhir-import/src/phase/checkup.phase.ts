import type { Counts } from '../import-tally.ts';
import { mapCheckup, visitNotes, type Visit } from '../map/checkup.ts';
import type { ImportEntry } from '../map/input.ts';
import type { Moment } from '../moment.ts';
import type { Staged } from '../source/staging.ts';
import type { Person, PhaseContext } from './phase-context.ts';
import { findingsRounds, type Finding, type FindingsRound } from './visit-findings.ts';

/** Visits with what was found at them, then what was found without a visit, a day at a time. */
export function* checkupEntries(ctx: PhaseContext): Generator<ImportEntry> {
  for (const encounter of ctx.staging.all('Encounter')) {
    const findings = ctx.staging.ofEncounter(encounter.seq);
    const patient = ctx.person(encounter.patientSeq);
    if (patient !== undefined && encounter.moment !== undefined) {
      yield* visitEntries(ctx, encounter, { patient, moment: encounter.moment, findings });
      continue;
    }
    ctx.issue(encounter, 'REFERENCE_UNRESOLVED', 'subject');
    for (const finding of findings) ctx.issue(finding, 'REFERENCE_UNRESOLVED', 'encounter');
  }
  for (const findings of days(ctx.staging.withoutEncounter())) yield* dayEntries(ctx, findings);
}

/** The checkup that an encounter is: prescriptions of the visit point to it. */
export function checkupId({ ids }: PhaseContext, encounter: Staged<'Encounter'>): string {
  const { identity, moment } = encounter;
  return ids.of('Checkup', identity, moment && new Date(moment.at).getTime());
}

function* visitEntries(
  ctx: PhaseContext,
  encounter: Staged<'Encounter'>,
  visit: { patient: Person; moment: Moment; findings: readonly Finding[] },
): Generator<ImportEntry> {
  const { patient, moment, findings } = visit;
  const own = findings.filter((finding) => isOf(ctx, finding, patient));
  const { resource } = encounter;
  const participants = resource.participant ?? [];
  const attendedById = participants
    .map(({ individual }) => ctx.staffId(individual, encounter))
    .find((id) => id !== undefined);
  const institutionId = ctx.institutionId(resource.serviceProvider, encounter);
  if (institutionId === undefined && resource.serviceProvider !== undefined) {
    ctx.issue(encounter, 'REFERENCE_UNRESOLVED', 'serviceProvider', 'PART');
  }
  const id = checkupId(ctx, encounter);
  const place = {
    patientId: patient.id,
    birthDate: patient.birthDate,
    attendedById,
    institutionId,
  };
  const [first, ...repeats] = findingsRounds(ctx, own);
  const about: Visit = { ...place, id, recordedAt: moment.at, day: moment.day };
  const write = mapCheckup(about, { ...first, notes: visitNotes(resource) });
  yield ctx.entry(encounter, write, { Encounter: 1, ...first.counts });
  yield* repeatEntries(ctx, place, `${encounter.identity}`, repeats);
}

/** A fact of someone else at this visit: one of the two references is wrong, and nobody knows which. */
function isOf(ctx: PhaseContext, finding: Finding, patient: Person): boolean {
  if (finding.patientSeq === patient.seq) return true;
  if (finding.resource.subject === undefined) return true;
  const code = finding.patientSeq === undefined ? 'REFERENCE_UNRESOLVED' : 'SUBJECT_DIFFERS';
  ctx.issue(finding, code, 'subject');
  return false;
}

function* repeatEntries(
  ctx: PhaseContext,
  place: Omit<Visit, 'id' | 'recordedAt' | 'day'>,
  identity: string,
  rounds: readonly FindingsRound[],
): Generator<ImportEntry> {
  for (const [index, round] of rounds.entries()) {
    if (round.first?.moment === undefined || Object.keys(round.counts).length === 0) continue;
    const { at, day } = round.first.moment;
    const id = ctx.ids.of('Checkup', `${identity}\nagain ${index + 1}`, new Date(at).getTime());
    const write = mapCheckup({ ...place, id, recordedAt: at, day }, round);
    yield ctx.entry(round.first, write, round.counts);
  }
}

/** Groups findings, which come by patient and day, without holding more than one day. */
function* days(findings: Iterable<Finding>): Generator<[Finding, ...Finding[]]> {
  let group: [Finding, ...Finding[]] | undefined;
  for (const finding of findings) {
    const isSame =
      group?.[0].patientSeq === finding.patientSeq &&
      group?.[0].moment?.day === finding.moment?.day &&
      finding.patientSeq !== undefined;
    if (group !== undefined && isSame) {
      group.push(finding);
      continue;
    }
    if (group !== undefined) yield group;
    group = [finding];
  }
  if (group !== undefined) yield group;
}

function* dayEntries(ctx: PhaseContext, findings: [Finding, ...Finding[]]): Generator<ImportEntry> {
  const patient = ctx.person(findings[0].patientSeq);
  const { moment } = findings[0];
  for (const finding of findings) {
    if (patient === undefined) ctx.issue(finding, 'REFERENCE_UNRESOLVED', 'subject');
    else if (moment === undefined) ctx.issue(finding, 'DATE_MISSING');
    else if (finding.resource.encounter !== undefined) {
      ctx.issue(finding, 'REFERENCE_UNRESOLVED', 'encounter', 'PART');
    }
  }
  if (patient === undefined || moment === undefined) return;
  const place = { patientId: patient.id, birthDate: patient.birthDate };
  const identity = `${patient.identity}\n${moment.day}`;
  const [first, ...repeats] = findingsRounds(ctx, findings);
  if (!isEmpty(first.counts)) {
    const id = ctx.ids.of('Checkup', identity, new Date(`${moment.day}T00:00:00Z`).getTime());
    const about: Visit = { ...place, id, recordedAt: moment.at, day: moment.day };
    yield ctx.entry(findings[0], mapCheckup(about, first), first.counts);
  }
  yield* repeatEntries(ctx, place, identity, repeats);
}

function isEmpty(counts: Counts): boolean {
  return Object.keys(counts).length === 0;
}
