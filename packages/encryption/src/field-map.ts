/** What a sealed column holds once it is open. `date` is an instant; a civil date is a string. */
export type PlainType = 'string' | 'json' | 'date' | 'strings';

export type NormalizerName = 'phone' | 'name' | 'identifier' | 'exact';

export interface BlindIndexField {
  /** The sealed field that the index is computed from. */
  readonly of: string;
  readonly normalize: NormalizerName;
  /** Length of a token, a multiple of 4: what is planned in BLIND-INDEX.md. */
  readonly bits: number;
  /** A list column holds all tokens (GIN); a scalar column holds the only token (btree). */
  readonly list: boolean;
  /** A plain field of the same row that the normaliser needs too (the type of an identifier). */
  readonly with: string | null;
  /** A plain field of the same row whose value gives the index a key of its own (a district). */
  readonly within: string | null;
}

export interface RelationField {
  readonly model: string;
  readonly list: boolean;
  /** Foreign key columns on this side; empty when the other side holds the key. */
  readonly fields: readonly string[];
  /** Columns of the other side that `fields` point to. */
  readonly references: readonly string[];
  /** The same when the other side holds the key: its columns, and ours that they point to. */
  readonly childFields: readonly string[];
  readonly parentFields: readonly string[];
}

export interface ModelFields {
  readonly id: readonly string[];
  /** The field that names the patient (or institution) whose key seals the row. */
  readonly owner: string | null;
  readonly sealed: Readonly<Record<string, PlainType>>;
  readonly blind: Readonly<Record<string, BlindIndexField>>;
  readonly relations: Readonly<Record<string, RelationField>>;
  /** Compound unique keys as Prisma names them in `where`: name → columns. */
  readonly compounds: Readonly<Record<string, readonly string[]>>;
}

/** What the generator emits for one store: every model, for even a plain one leads to sealed ones. */
export interface SealedFields {
  readonly store: string;
  readonly models: Readonly<Record<string, ModelFields>>;
}

export type Row = Record<string, unknown>;

/** A plain object as Prisma takes and gives them: not a list, not bytes, not an instant. */
export function isRow(value: unknown): value is Row {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date)
  );
}

/** Prisma takes one thing or a list of it nearly everywhere. */
export function asList(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The entry of a model; a model that the map does not know means the map is older than the client. */
export function modelOf(fields: SealedFields, model: string): ModelFields {
  const entry = fields.models[model];
  if (entry === undefined) {
    throw new Error(`The sealed field map of ${fields.store} has no ${model}: run the generator.`);
  }
  return entry;
}
