import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { TakenType } from '../fhir/taken.ts';
import type { Moment } from '../moment.ts';
import type { Resource } from './admit-resource.ts';
import { createNameHash, createSealedText, type NameHash, type SealedText } from './sealed-text.ts';

/** A resource that was read, with what it is called and where it stood. */
export interface StagedResource<TType extends TakenType = TakenType> {
  readonly type: TType;
  /** What makes it the same resource in the next import. */
  readonly identity: string;
  readonly fullUrl?: string | undefined;
  readonly file: string;
  readonly path: string;
  readonly moment?: Moment | undefined;
  readonly resource: Resource<TType>;
}

/** A staged resource with the patient and the visit that it belongs to, where they were found. */
export type Staged<TType extends TakenType = TakenType> = StagedResource<TType> & {
  readonly seq: number;
  readonly patientSeq: number | undefined;
  readonly encounterSeq: number | undefined;
};

export interface NewStaged extends StagedResource {
  /** All names that references may use. */
  readonly names: readonly string[];
  readonly patientName: string | undefined;
  readonly encounterName: string | undefined;
}

/** Where read resources wait until everything is read: references point forwards and to files. */
export interface Staging {
  add(resource: NewStaged): 'ADDED' | 'REPEATED' | 'DIFFERS';
  /** Says that a practitioner was seen at an organization, both by name; the first time counts. */
  sawAt(practitioner: string, organization: string): void;
  /** Says that a related person is the same human as a patient, both by name. */
  sawAs(relatedPerson: string, patient: string): void;
  /** Call once, after the last add and before the first read: looks up all references. */
  resolve(): void;
  count(): number;
  all<TType extends TakenType>(type: TType): Iterable<Staged<TType>>;
  find<TType extends TakenType>(name: string | undefined, type: TType): Staged<TType> | undefined;
  get<TType extends TakenType>(seq: number, type: TType): Staged<TType>;
  /** Observations and conditions of a visit, in the order in which they happened. */
  ofEncounter(seq: number): Staged<'Observation' | 'Condition'>[];
  /** Observations and conditions without a visit, by patient and day. */
  withoutEncounter(): Iterable<Staged<'Observation' | 'Condition'>>;
  /** The first day that anything is known of a patient. */
  firstMomentOf(patientSeq: number): string | undefined;
  organizationOf(practitioner: readonly string[]): string | undefined;
  patientNamedAs(relatedPerson: readonly string[]): string | undefined;
  close(): void;
}

type Row = Record<string, SQLOutputValue>;

const tables = `
  PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;
  CREATE TABLE resource (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, identity BLOB NOT NULL,
    digest BLOB NOT NULL, body BLOB NOT NULL, at TEXT, day TEXT,
    patient_name BLOB, encounter_name BLOB, patient INTEGER, encounter INTEGER);
  CREATE UNIQUE INDEX resource_identity ON resource (type, identity);
  CREATE TABLE name (type TEXT, name BLOB, seq INTEGER, PRIMARY KEY (type, name)) WITHOUT ROWID;
  CREATE TABLE seen (of BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID;
  BEGIN;`;

const resolution = `
  UPDATE resource SET
    patient = (SELECT seq FROM name WHERE type = 'Patient' AND name = patient_name),
    encounter = (SELECT seq FROM name WHERE type = 'Encounter' AND name = encounter_name)
    WHERE patient_name IS NOT NULL OR encounter_name IS NOT NULL;
  CREATE INDEX resource_encounter ON resource (encounter, at, seq) WHERE encounter IS NOT NULL;
  CREATE INDEX resource_patient ON resource (patient, at) WHERE patient IS NOT NULL;
  CREATE INDEX resource_loose ON resource (patient, day, at, seq)
    WHERE encounter IS NULL AND type IN ('Observation', 'Condition');
  COMMIT;`;

/**
 * Opens a staging area: a temporary SQLite database without a name, which SQLite keeps on disk
 * beyond a bounded cache and removes when it closes. Memory does not grow with the input.
 */
export function createStaging(): Staging {
  const db = new DatabaseSync('');
  db.exec(tables);
  const sealed = createSealedText();
  const hashed = createNameHash();
  const read = <TType extends TakenType>(row: Row) => readRow<TType>(row, sealed);
  // A name that two records go by names neither: a fact must not go to the wrong person.
  const insertName = db.prepare(
    `INSERT INTO name VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET seq = CASE WHEN seq = excluded.seq THEN seq ELSE NULL END`,
  );
  const insertSeen = db.prepare('INSERT OR IGNORE INTO seen VALUES (?, ?)');
  const saw = (kind: string, of: string, what: string) =>
    void insertSeen.run(hashed(`${kind}\n${of}`), sealed.seal(what));
  const add = createAdd(db, sealed, hashed);
  const queries = createQueries(db);
  const seen = (kind: string, names: readonly string[]) => {
    for (const name of names) {
      const row = queries.seen.get(hashed(`${kind}\n${name}`));
      if (row !== undefined) return sealed.open(row['body'] as Uint8Array); // a BLOB column
    }
    return undefined;
  };
  return {
    add(resource) {
      const { seq, outcome } = add(resource);
      for (const name of resource.names) insertName.run(resource.type, hashed(name), seq);
      return outcome;
    },
    sawAt: (practitioner, organization) => saw('at', practitioner, organization),
    sawAs: (relatedPerson, patient) => saw('as', relatedPerson, patient),
    resolve: () => db.exec(resolution),
    count: () => Number(db.prepare('SELECT count(*) AS n FROM resource').get()?.['n']),
    all: <TType extends TakenType>(type: TType) => readAll<TType>(queries.all(type), sealed),
    find(name, type) {
      if (name === undefined) return undefined;
      const row = queries.find.get(type, hashed(name));
      return row === undefined ? undefined : read(row);
    },
    get(seq) {
      const row = queries.get.get(seq);
      if (row === undefined) throw new Error('a staged resource vanished');
      return read(row);
    },
    ofEncounter: (seq) => queries.ofEncounter.all(seq).map((row) => read(row)),
    withoutEncounter: () => readAll(queries.loose.iterate(), sealed),
    firstMomentOf: (seq) => (queries.first.get(seq)?.['at'] ?? undefined)?.toString(),
    organizationOf: (practitioner) => seen('at', practitioner),
    patientNamedAs: (relatedPerson) => seen('as', relatedPerson),
    close: () => db.close(),
  };
}

const select = 'SELECT seq, type, body, patient, encounter FROM resource';

function createQueries(db: DatabaseSync) {
  const findings = `type IN ('Observation', 'Condition')`;
  return {
    find: db.prepare(`${select} WHERE seq = (SELECT seq FROM name WHERE type = ? AND name = ?)`),
    // A statement of its own each time: two may be read at once.
    all: (type: TakenType) => db.prepare(`${select} WHERE type = ? ORDER BY seq`).iterate(type),
    get: db.prepare(`${select} WHERE seq = ?`),
    ofEncounter: db.prepare(`${select} WHERE encounter = ? AND ${findings} ORDER BY at, seq`),
    loose: db.prepare(
      `${select} WHERE encounter IS NULL AND ${findings} ORDER BY patient, day, at, seq`,
    ),
    first: db.prepare('SELECT min(at) AS at FROM resource WHERE patient = ?'),
    seen: db.prepare('SELECT body FROM seen WHERE of = ?'),
  };
}

/** A resource that comes again counts once; with other content, the first stands. */
function createAdd(db: DatabaseSync, sealed: SealedText, hashed: NameHash) {
  const known = db.prepare('SELECT seq, digest FROM resource WHERE type = ? AND identity = ?');
  const insert = db.prepare(
    `INSERT INTO resource (type, identity, digest, body, at, day, patient_name, encounter_name)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (staged: NewStaged) => {
    const { names: _names, patientName, encounterName, ...body } = staged;
    const identity = hashed(staged.identity);
    const digest = hashed(JSON.stringify(staged.resource));
    const earlier = known.get(staged.type, identity);
    if (earlier !== undefined) {
      const isSame = digest.equals(earlier['digest'] as Uint8Array); // a BLOB column
      return { seq: Number(earlier['seq']), outcome: isSame ? 'REPEATED' : 'DIFFERS' } as const;
    }
    const { lastInsertRowid } = insert.run(
      staged.type,
      identity,
      digest,
      sealed.seal(JSON.stringify(body)),
      staged.moment?.at ?? null,
      staged.moment?.day ?? null,
      patientName === undefined ? null : hashed(patientName),
      encounterName === undefined ? null : hashed(encounterName),
    );
    return { seq: Number(lastInsertRowid), outcome: 'ADDED' } as const;
  };
}

function* readAll<TType extends TakenType>(
  rows: Iterable<Row>,
  sealed: SealedText,
): Generator<Staged<TType>> {
  for (const row of rows) yield readRow<TType>(row, sealed);
}

function readRow<TType extends TakenType>(row: Row, sealed: SealedText): Staged<TType> {
  // Written by add() above, after the resource had passed its schema.
  const body = JSON.parse(sealed.open(row['body'] as Uint8Array)) as StagedResource<TType>;
  return {
    ...body,
    seq: Number(row['seq']),
    patientSeq: row['patient'] === null ? undefined : Number(row['patient']),
    encounterSeq: row['encounter'] === null ? undefined : Number(row['encounter']),
  };
}
