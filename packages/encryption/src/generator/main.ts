#!/usr/bin/env node
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import generatorHelper from '@prisma/generator-helper';
import type { GeneratorOptions } from '@prisma/generator-helper';
import type { ModelFields } from '../field-map.ts';
import { plainFieldEnums, plainModelTypes, unsealedConstructor } from './client-types.ts';
import { readModels } from './read-models.ts';
import { sealedFieldsFile } from './sealed-fields-file.ts';

/** `prisma/<store>/schema[/main.prisma]` → `<store>`. */
function storeOf(options: GeneratorOptions): string {
  const named = options.generator.config['store'];
  if (typeof named === 'string') return named;
  const folder = options.schemaPath.endsWith('.prisma')
    ? dirname(options.schemaPath)
    : options.schemaPath;
  return basename(basename(folder) === 'schema' ? dirname(folder) : folder);
}

function clientFolder(options: GeneratorOptions): string {
  const client = options.otherGenerators.find((other) => other.provider.value === 'prisma-client');
  if (!client?.output?.value) {
    throw new Error('Put a prisma-client generator with an output before this one.');
  }
  return client.output.value;
}

const seals = (entry: ModelFields) =>
  Object.keys(entry.sealed).length + Object.keys(entry.blind).length > 0;

async function rewrite(path: string, change: (source: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function plainClientTypes(folder: string, models: Record<string, ModelFields>) {
  const client = join(folder, 'client.ts');
  // `prisma generate --generator sealed` leaves a client that was rewritten before.
  if ((await readFile(client, 'utf8')).includes('UnsealedPrismaClient')) return;
  for (const [model, entry] of Object.entries(models)) {
    if (!seals(entry)) continue;
    const path = join(folder, 'models', `${model}.ts`);
    await rewrite(path, (source) => plainModelTypes(source, model, entry));
  }
  const namespace = join(folder, 'internal', 'prismaNamespace.ts');
  await rewrite(namespace, (source) => plainFieldEnums(source, models));
  await rewrite(client, unsealedConstructor);
}

async function generate(options: GeneratorOptions): Promise<void> {
  const output = options.generator.output?.value;
  if (!output) throw new Error('The sealing generator needs an output folder.');
  const models = readModels(options.dmmf.datamodel.models);
  const folder = clientFolder(options);
  const anySealed = Object.values(models).some(seals);
  if (anySealed) await plainClientTypes(folder, models);
  const clientImport = `./${relative(output, join(folder, 'client.ts')).replaceAll('\\', '/')}`;
  const fields = { store: storeOf(options), models };
  await mkdir(output, { recursive: true });
  const text = sealedFieldsFile(fields, options.dmmf.datamodel.models, clientImport, anySealed);
  await writeFile(join(output, 'sealed-fields.ts'), text);
}

generatorHelper.generatorHandler({
  onManifest: () => ({ prettyName: 'CareGraph sealed fields', defaultOutput: '../generated' }),
  onGenerate: generate,
});
