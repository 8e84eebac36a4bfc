import type { DMMF } from '@prisma/generator-helper';
import type { BlindIndexField, ModelFields, PlainType, RelationField } from '../field-map.ts';
import { readBlindIndex, readEncrypted, readSealOwner } from './declaration.ts';

/** Words of Prisma's own arguments: a sealed field of that name could not be told from them. */
const reserved = new Set(
  'AND OR NOT where data create update select include omit set cursor take skip by having orderBy distinct is isNot some every none'.split(
    ' ',
  ),
);

/** Reads the field map of every model; throws with model and field when a declaration is wrong. */
export function readModels(models: readonly DMMF.Model[]): Record<string, ModelFields> {
  return Object.fromEntries(models.map((model) => [model.name, readModel(model, models)]));
}

function at<T>(model: string, field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${model}.${field}: ${why}`, { cause });
  }
}

function readModel(model: DMMF.Model, models: readonly DMMF.Model[]): ModelFields {
  const sealed: Record<string, PlainType> = {};
  const blind: Record<string, BlindIndexField> = {};
  for (const field of model.fields) {
    at(model.name, field.name, () => {
      const encrypted = readEncrypted(field.documentation);
      if (encrypted) sealed[field.name] = readSealedField(field, encrypted.type);
      const index = readBlindIndex(field.documentation);
      if (index) blind[field.name] = { ...index, list: readIndexColumn(field) };
    });
  }
  const ids = model.primaryKey?.fields ?? model.fields.filter((f) => f.isId).map((f) => f.name);
  const entry: ModelFields = {
    id: [...ids],
    owner: Object.keys(sealed).length === 0 ? null : readOwner(model),
    sealed,
    blind,
    relations: readRelations(model, models),
    compounds: readCompounds(model),
    table: model.dbName ?? model.name,
    columns: {},
  };
  checkBlindIndexes(model, entry);
  return { ...entry, columns: readColumns(model, entry) };
}

/** The columns of a sealed model that a job reads or writes: keys, sealed fields, and their tokens. */
function readColumns(model: DMMF.Model, entry: ModelFields): Record<string, string> {
  if (Object.keys(entry.sealed).length === 0) return {};
  const companions = Object.values(entry.blind).flatMap((index) => [index.with, index.within]);
  const wanted = new Set([
    ...[...entry.id, entry.owner, ...companions].filter((name) => name !== null),
    ...Object.keys(entry.sealed),
    ...Object.keys(entry.blind),
  ]);
  const fields = model.fields.filter((field) => wanted.has(field.name));
  return Object.fromEntries(fields.map((field) => [field.name, field.dbName ?? field.name]));
}

function readSealedField(field: DMMF.Field, type: PlainType): PlainType {
  if (field.type !== 'Bytes' || field.isList) throw new Error('an @encrypted column is Bytes');
  if (field.isUnique || field.isId) throw new Error('sealed bytes are never equal: no key on them');
  if (field.hasDefaultValue) throw new Error('a default would be stored unsealed');
  if (reserved.has(field.name)) throw new Error('this name is a word of Prisma arguments');
  return type;
}

function readIndexColumn(field: DMMF.Field): boolean {
  if (field.type !== 'String') throw new Error('a @blindIndex column is String or String[]');
  if (reserved.has(field.name)) throw new Error('this name is a word of Prisma arguments');
  return field.isList;
}

function readOwner(model: DMMF.Model): string {
  const owner = readSealOwner(model.documentation);
  if (owner === undefined) {
    throw new Error(`${model.name} has @encrypted fields: name their owner by @sealOwner(field)`);
  }
  const field = model.fields.find((candidate) => candidate.name === owner);
  const optional = model.fields.every((one) => !isSealed(one) || !one.isRequired);
  // Without an owner nothing can be sealed, so it may be absent only where all of that may be.
  if (field?.kind !== 'scalar' || field.isList || !(field.isRequired || optional)) {
    throw new Error(`${model.name}: @sealOwner(${owner}) is not a required plain field`);
  }
  return owner;
}

function isSealed(field: DMMF.Field): boolean {
  return readEncrypted(field.documentation) !== undefined;
}

function readRelations(model: DMMF.Model, models: readonly DMMF.Model[]) {
  const relations: Record<string, RelationField> = {};
  for (const field of model.fields.filter((candidate) => candidate.kind === 'object')) {
    const other = models
      .find((candidate) => candidate.name === field.type)
      ?.fields.find(
        (candidate) =>
          candidate.relationName === field.relationName &&
          !(field.type === model.name && candidate.name === field.name),
      );
    relations[field.name] = {
      model: field.type,
      list: field.isList,
      fields: [...(field.relationFromFields ?? [])],
      references: [...(field.relationToFields ?? [])],
      childFields: [...(other?.relationFromFields ?? [])],
      parentFields: [...(other?.relationToFields ?? [])],
    };
  }
  return relations;
}

function readCompounds(model: DMMF.Model): Record<string, readonly string[]> {
  const keys = [...(model.primaryKey ? [model.primaryKey] : []), ...model.uniqueIndexes];
  return Object.fromEntries(
    keys
      .filter((key) => key.fields.length > 1)
      .map((key) => [key.name ?? key.fields.join('_'), [...key.fields]]),
  );
}

function checkBlindIndexes(model: DMMF.Model, entry: ModelFields): void {
  for (const [name, index] of Object.entries(entry.blind)) {
    const refuse = (why: string) => new Error(`${model.name}.${name}: ${why}`);
    const source = entry.sealed[index.of];
    if (source === undefined) throw refuse(`of: "${index.of}" is not an @encrypted field`);
    if (source !== 'string' && source !== 'strings') throw refuse('only text can be indexed');
    if (source === 'strings' && !index.list) throw refuse('a list of texts needs String[]');
    if (index.normalize === 'name' && !index.list) throw refuse('names have many tokens: String[]');
    for (const companion of [index.with, index.within]) {
      if (companion === null) continue;
      const field = model.fields.find((candidate) => candidate.name === companion);
      if (field?.kind === 'object' || field === undefined || companion in entry.sealed) {
        throw refuse(`"${companion}" is not a plain field of ${model.name}`);
      }
    }
  }
}
