import type { DMMF } from '@prisma/generator-helper';
import { describe, expect, it } from 'vitest';
import { plainModelTypes, unsealedConstructor } from './client-types.ts';
import { readModels } from './read-models.ts';

const field = (name: string, more: Partial<DMMF.Field> = {}): DMMF.Field => ({
  name,
  kind: 'scalar',
  type: 'String',
  isRequired: true,
  isList: false,
  isUnique: false,
  isId: false,
  isReadOnly: false,
  hasDefaultValue: false,
  ...more,
});
const sealed = (name: string, more: Partial<DMMF.Field> = {}) =>
  field(name, { type: 'Bytes', documentation: '@encrypted', ...more });
const model = (fields: DMMF.Field[], documentation = '@sealOwner(id)'): DMMF.Model => ({
  name: 'Patient',
  dbName: null,
  schema: null,
  fields: [field('id', { isId: true }), ...fields],
  documentation,
  primaryKey: null,
  uniqueFields: [],
  uniqueIndexes: [],
});
const index = (arguments_: string, more: Partial<DMMF.Field> = {}) =>
  field('tokens', { isList: true, documentation: `@blindIndex(${arguments_})`, ...more });
const read = (...fields: DMMF.Field[]) => readModels([model(fields)])['Patient'];

describe('declarations', () => {
  it('are read from the comments, with words around them', () => {
    const name = sealed('name', { documentation: 'As spoken.\n@encrypted(type: "strings")' });
    const entry = read(name, index('of: "name", normalize: "name", bits: "24", within: "id"'));
    expect(entry).toMatchObject({ id: ['id'], owner: 'id', sealed: { name: 'strings' } });
    expect(entry?.blind['tokens']).toEqual({
      of: 'name',
      normalize: 'name',
      bits: 24,
      with: null,
      within: 'id',
      list: true,
    });
  });

  it.each<[string, DMMF.Model]>([
    ['an @encrypted column is Bytes', model([sealed('name', { type: 'String' })])],
    ['no key on them', model([sealed('name', { isUnique: true })])],
    ['would be stored unsealed', model([sealed('name', { hasDefaultValue: true })])],
    ['a word of Prisma arguments', model([sealed('data')])],
    ['type is one of', model([sealed('name', { documentation: '@encrypted(type: "int")' })])],
    ['has no "typ"', model([sealed('name', { documentation: '@encrypted(typ: "json")' })])],
    ['is not a list of', model([sealed('name', { documentation: '@encrypted(json)' })])],
    ['name their owner', model([sealed('name')], '')],
    ['not a required plain field', model([sealed('name')], '@sealOwner(nobody)')],
    ['is not an @encrypted field', model([index('of: "id", normalize: "exact", bits: "64"')])],
    ['names its source', model([sealed('name'), index('normalize: "name"')])],
    ['normalize is one of', model([sealed('name'), index('of: "name", normalize: "soundex"')])],
    ['plans its length', model([sealed('name'), index('of: "name", normalize: "exact"')])],
    ...['', '4', '30', '132', '2.4e1', '-8', 'many'].map((bits): [string, DMMF.Model] => [
      'bits is a multiple of 4 from 8 to 128',
      model([sealed('name'), index(`of: "name", normalize: "exact", bits: "${bits}"`)]),
    ]),
    [
      'names have many tokens',
      model([
        sealed('name'),
        index('of: "name", normalize: "name", bits: "24"', { isList: false }),
      ]),
    ],
    [
      'is not a plain field',
      model([sealed('name'), index('of: "name", normalize: "exact", bits: "24", with: "x"')]),
    ],
  ])('are refused: %s', (why, broken) => {
    expect(() => readModels([broken])).toThrow(why);
  });
});

describe('client types', () => {
  it('fail loudly when the client generator writes something new', () => {
    const entry = read(sealed('name'));
    if (entry === undefined) throw new Error('no entry');
    const source = 'export type PatientSurprise = {\n  name: runtime.Bytes\n}';
    expect(() => plainModelTypes(source, 'Patient', entry)).toThrow('PatientSurprise');
    expect(() => unsealedConstructor('export class PrismaClient {}')).toThrow('PrismaClient');
  });
});
