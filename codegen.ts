import type { CodegenConfig } from '@graphql-codegen/cli';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Mappers = Record<string, string>;

/**
 * Resolver types of each subgraph, from its own SDL and the contract that all five share.
 *
 * @param root the repository
 * @param subgraphs names to generate; by default every one that has SDL
 * @example `codegenConfig(root, ['patient'])` writes subgraphs/patient/generated/resolvers.ts
 */
export function codegenConfig(root: string, subgraphs = subgraphsWithSdl(root)): CodegenConfig {
  const outputs = subgraphs.map((name) => [
    `subgraphs/${name}/generated/resolvers.ts`,
    {
      schema: ['packages/subgraph/src/contract/*.graphql', `subgraphs/${name}/src/**/*.graphql`],
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        federation: true,
        contextType: `../src/context.ts#${pascal(name)}Context`,
        mappers: { ...receiptMappers(root, name), ...mappersOf(root, name) },
        strictScalars: true,
        scalars: scalarTypes,
        useTypeImports: true,
        importExtension: '.ts',
        enumsAsTypes: true,
        immutableTypes: true,
        skipTypename: true,
        avoidOptionals: { field: true, inputValue: false, object: false, defaultValue: false },
        resolversNonOptionalTypename: { unionMember: true, interfaceImplementingType: true },
      },
    },
  ]);
  return { generates: Object.fromEntries(outputs), silent: true, errorsOnly: true };
}

/** Every custom scalar crosses the wire as text; stores convert at their own edge. */
const scalarTypes = {
  DateTime: { input: 'string', output: 'string | Date' },
  Date: { input: 'string', output: 'string | Date' },
  UUID: 'string',
  ID: 'string',
  FieldSet: 'string',
  _FieldSet: 'string',
  federation__FieldSet: 'string',
  link__Import: 'string',
  _Any: 'Record<string, unknown>',
};

function subgraphsWithSdl(root: string): string[] {
  const files = globSync('subgraphs/*/src/**/*.graphql', { cwd: root });
  const names = files.map((file) => file.split(/[\\/]/)[1] ?? '');
  return [...new Set(names)].sort();
}

/** Every receipt is made by the operation engine; its record is loaded when it is asked for. */
function receiptMappers(root: string, name: string): Mappers {
  const files = globSync(`subgraphs/${name}/src/**/*.graphql`, { cwd: root });
  const sdl = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const receipts = [...sdl.matchAll(/type (\w+Receipt) implements/g)].map(([, type = '']) => type);
  const mapped = [...receipts, 'OperationReceipt'];
  return Object.fromEntries(mapped.map((type) => [type, '@caregraph/subgraph#Receipt']));
}

function mappersOf(root: string, name: string): Mappers {
  const file = join(root, 'subgraphs', name, 'codegen-mappers.json');
  if (!existsSync(file)) return {};
  const mappers: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isMappers(mappers)) throw new Error(`${file} must map type names to "path.ts#Type"`);
  return Object.fromEntries(
    Object.entries(mappers).map(([type, target]) => [type, distinct(target, mappers)]),
  );
}

/** A mapped type that is called like a GraphQL type is imported under another name. */
function distinct(target: string, mappers: Mappers): string {
  const name = /#(\w+)$/.exec(target)?.[1];
  return name !== undefined && name in mappers ? `${target} as Mapped${name}` : target;
}

function isMappers(value: unknown): value is Mappers {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((target) => typeof target === 'string');
}

function pascal(name: string): string {
  return name.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
