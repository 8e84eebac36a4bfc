import type { DMMF } from '@prisma/generator-helper';
import type { PlainType, SealedFields } from '../field-map.ts';

const plainTypes: Record<PlainType, string> = {
  string: 'string',
  json: 'unknown',
  date: 'Date',
  strings: 'string[]',
};

function plainModel(model: DMMF.Model, fields: SealedFields): string[] {
  const sealed = fields.models[model.name]?.sealed ?? {};
  const lines = Object.entries(sealed).map(([name, type]) => {
    const required = model.fields.find((field) => field.name === name)?.isRequired ?? false;
    return `    ${name}: ${plainTypes[type]}${required ? '' : ' | null'};`;
  });
  return lines.length === 0 ? [] : [`  ${model.name}: {`, ...lines, '  };'];
}

/** The text of `sealed-fields.ts`: the map, the plain types, and the store's one way to a client. */
export function sealedFieldsFile(
  fields: SealedFields,
  models: readonly DMMF.Model[],
  clientImport: string,
  seals: boolean,
): string {
  const bare = seals ? 'UnsealedPrismaClient' : 'PrismaClient';
  const imported = seals ? 'PrismaClient, UnsealedPrismaClient' : 'PrismaClient';
  return [
    '// Generated from the Prisma schema by @caregraph/encryption. Do not edit.',
    "import { createSealing } from '@caregraph/encryption';",
    "import type { SealedFields, Sealing, SealingDependencies } from '@caregraph/encryption';",
    `import type { ${imported} } from '${clientImport}';`,
    '',
    `export const sealedFields = ${JSON.stringify(fields, null, 2)} as const satisfies SealedFields;`,
    '',
    '/** The sealed fields of each model as they are once open. */',
    'export interface PlainFields {',
    ...models.flatMap((model) => plainModel(model, fields)),
    '}',
    '',
    '/** The blind index columns of each model. */',
    'export interface BlindFields {',
    ...Object.entries(fields.models).flatMap(([name, entry]) => {
      const columns = Object.keys(entry.blind).map((column) => JSON.stringify(column));
      return columns.length === 0 ? [] : [`  ${name}: ${columns.join(' | ')};`];
    }),
    '}',
    '',
    'export type StoreSealing = Sealing<PlainFields, BlindFields>;',
    '',
    '/** The client of a store. Its transactions hand out `Prisma.TransactionClient`. */',
    "export type SealedClient = Omit<PrismaClient, '$on' | '$extends'>;",
    '',
    '/** The only way from a bare client to one with models: everything it stores is sealed. */',
    `export function createSealedClient(client: ${bare}, dependencies: SealingDependencies) {`,
    '  const sealing: StoreSealing = createSealing(sealedFields, dependencies);',
    `  return { prisma: sealing.seal<SealedClient>(client), sealing };`,
    '}',
    '',
  ].join('\n');
}
