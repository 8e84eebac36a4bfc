import type { Reference } from '../fhir/element.ts';
import type { TakenType } from '../fhir/taken.ts';
import { nameInReference } from '../identity.ts';
import type { ImportIds } from '../import-ids.ts';
import type { Counts, ImportTally } from '../import-tally.ts';
import { joinPath, type IssueCode } from '../issue.ts';
import type { ImportEntry, MappedWrite } from '../map/input.ts';
import { readableName } from '../map/person-name.ts';
import type { Staged, Staging } from '../source/staging.ts';

/** What every phase needs of the import. */
export interface PhaseOptions {
  readonly staging: Staging;
  readonly tally: ImportTally;
  /** The area of imported institutions and people. */
  readonly areaId: string;
  /** Who imports: an operation is the same one only when the same actor sends it. */
  readonly actorId: string;
  /** Registers the actor as staff under this name, where nobody has. */
  readonly importerName?: string | undefined;
  /** The namespace of the source's own ids. */
  readonly source: string;
  readonly ids: ImportIds;
}

/** A patient who can have facts. */
export interface Person {
  readonly seq: number;
  readonly id: string;
  readonly identity: string;
  readonly birthDate: string | undefined;
}

type EntryOrigin = Pick<Staged, 'type' | 'file' | 'path'>;

export interface PhaseContext extends PhaseOptions {
  entry(of: EntryOrigin, write: MappedWrite, counts?: Counts, sequence?: number): ImportEntry;
  /** Reports a record that cannot be loaded, or with lost: PART what of it was left out. */
  issue(of: Staged, code: IssueCode, path?: string, lost?: 'RECORD' | 'PART'): void;
  person(seq: number | undefined): Person | undefined;
  institutionId(reference: Reference | undefined, from: Staged): string | undefined;
  staffId(reference: Reference | undefined, from: Staged): string | undefined;
  /** Leaves out the facts of someone whom the server did not take. */
  refusePatient(id: string): void;
}

const maxCachedPeople = 5_000;

export function createPhaseContext(options: PhaseOptions): PhaseContext {
  const { staging, tally, source, ids } = options;
  const people = new Map<number, Person | undefined>();
  const refused = new Set<string>();
  const deviceId = ids.of('Device', source);
  const linked = <TType extends TakenType>(
    reference: Reference | undefined,
    type: TType,
    from: Staged,
  ) => {
    if (reference === undefined) return undefined;
    return staging.find(nameInReference(reference, type, { source, fullUrl: from.fullUrl }), type);
  };
  return {
    ...options,
    entry: (of, write, counts = { [of.type]: 1 }, sequence = 1) => ({
      ...write,
      operation: operationOf(write, { ids, actorId: options.actorId, deviceId, sequence }),
      origin: { file: of.file, path: of.path },
      type: of.type,
      counts,
    }),
    issue({ file, path, type }, code, below, lost = 'RECORD') {
      const at = below === undefined ? path : joinPath(path, [below]);
      tally.issue({ file, path: at, code, type, lost });
      if (lost === 'RECORD') tally.settle({ [type]: 1 }, 'bad');
    },
    person(seq) {
      if (seq === undefined) return undefined;
      if (!people.has(seq)) {
        if (people.size >= maxCachedPeople) people.clear();
        people.set(seq, personOf(staging.get(seq, 'Patient'), ids));
      }
      const person = people.get(seq);
      return person === undefined || refused.has(person.id) ? undefined : person;
    },
    institutionId(reference, from) {
      const organization = linked(reference, 'Organization', from);
      return organization && ids.of('Institution', organization.identity);
    },
    staffId(reference, from) {
      const practitioner = linked(reference, 'Practitioner', from);
      const isTaken = practitioner && readableName(practitioner.resource.name) !== undefined;
      return isTaken ? ids.of('Staff', practitioner.identity) : undefined;
    },
    refusePatient: (id) => void refused.add(id),
  };
}

function personOf(
  { seq, identity, resource }: Staged<'Patient'>,
  ids: ImportIds,
): Person | undefined {
  if (readableName(resource.name) === undefined) return undefined;
  const { birthDate } = resource;
  const isDay = birthDate?.length === 10;
  return {
    seq,
    identity,
    id: ids.of('Patient', identity),
    birthDate: isDay ? birthDate : undefined,
  };
}

/**
 * The stamp of an imported write. The id is made of everything that is sent: the same record again
 * is the same operation and is replayed; a changed one is another, which the server refuses
 * because the record exists, and nothing is overwritten unseen.
 */
function operationOf(
  { member, input, recordedAt }: MappedWrite,
  stamp: { ids: ImportIds; actorId: string; deviceId: string; sequence: number },
) {
  const { ids, actorId, deviceId, sequence } = stamp;
  const content = JSON.stringify([actorId, deviceId, member, recordedAt, input]);
  const id = ids.within('operation', content);
  return { id, deviceId, deviceSequence: sequence, recordedAt, clockOffsetMs: 0 };
}
