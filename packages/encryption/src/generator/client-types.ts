import type { ModelFields, PlainType } from '../field-map.ts';

const outputTypes: Record<PlainType, string> = {
  string: 'string',
  json: 'Prisma.JsonValue',
  date: 'Date',
  strings: 'string[]',
};
const inputTypes: Record<PlainType, string> = {
  string: 'string',
  json: 'Prisma.InputJsonValue',
  date: 'Date',
  strings: 'string[]',
};

type TypeKind = 'filter' | 'write' | 'forbidden' | 'pick' | 'output' | 'absent';

/** What a generated type is for, told by its name; unknown names fail the generation loudly. */
function kindOf(model: string, type: string): TypeKind {
  if (type === `$${model}Payload`) return 'output';
  const rest = type.startsWith(model) ? type.slice(model.length) : type;
  if (/^(Min|Max|Avg|Sum|Count)AggregateOutputType$/.test(rest)) return 'absent';
  if (/^GroupByOutputType$|^FieldRefs$/.test(rest)) return 'absent';
  if (/AggregateInputType$|OrderBy/.test(rest)) return 'forbidden';
  if (/UpdateMany(Mutation|Without\w+)?Input$/.test(rest)) return 'forbidden';
  if (/Where(Unique|WithAggregates)?Input$|^ScalarWhere|CompoundUniqueInput$/.test(rest)) {
    return 'filter';
  }
  if (/^(Unchecked)?(Create|Update)\w*Input$/.test(rest)) return 'write';
  if (/^Select\w*$/.test(rest)) return 'pick';
  throw new Error(`The client generator wrote an unknown type ${type}: teach client-types.ts.`);
}

/** A property left out would pass unseen inside of a generic argument; `never` is refused there. */
const never = (line: RegExpExecArray) => `${line[1] ?? ''}${line[2] ?? ''}?: never`;

/** The line a store may see instead of a sealed column's line, or undefined for none at all. */
function sealedLine(kind: TypeKind, line: RegExpExecArray, type: PlainType): string | undefined {
  const [whole, indent = '', field = '', optional = '', declared = ''] = line;
  if (kind === 'absent') return undefined;
  if (kind === 'pick') return whole;
  if (kind !== 'write' && kind !== 'output') return never(line);
  const nullable = declared.endsWith('| null') ? ' | null' : '';
  const types = kind === 'output' ? outputTypes : inputTypes;
  return `${indent}${field}${optional}: ${types[type]}${nullable}`;
}

/** Blind index columns are there to be filtered by, and for nothing else. */
function blindLine(kind: TypeKind, line: RegExpExecArray): string | undefined {
  if (kind === 'filter') return line[0];
  return kind === 'absent' || kind === 'output' ? undefined : never(line);
}

/**
 * Rewrites the types of one generated model file: a sealed field has its plain type where it is
 * written and read, and is `never` where it cannot be used (filters, orders, groups, bulk updates);
 * blind index columns are for filters alone.
 */
export function plainModelTypes(source: string, model: string, entry: ModelFields): string {
  let current = '';
  const lines: string[] = [];
  for (const text of source.split('\n')) {
    current = /^export (?:type|interface) (\$?\w+)/.exec(text)?.[1] ?? current;
    const line = /^( +)(?:readonly )?(\w+)(\??): (.*)$/.exec(text);
    const field = line?.[2] ?? '';
    const sealed = Object.hasOwn(entry.sealed, field) ? entry.sealed[field] : undefined;
    const blind = Object.hasOwn(entry.blind, field);
    if (line === null || (sealed === undefined && !blind)) {
      lines.push(text);
      continue;
    }
    // The payload names its model and relations two spaces in; its columns stand at four.
    if (current === `$${model}Payload` && line[1] !== '    ') {
      lines.push(text);
      continue;
    }
    const kind = kindOf(model, current);
    const kept = sealed === undefined ? blindLine(kind, line) : sealedLine(kind, line, sealed);
    if (kept !== undefined) lines.push(kept);
  }
  return lines.join('\n');
}

/** Takes the sealed columns out of `<Model>ScalarFieldEnum`, which `by` and `distinct` are typed by. */
export function plainFieldEnums(source: string, models: Record<string, ModelFields>): string {
  let out = source;
  for (const [model, entry] of Object.entries(models)) {
    const hidden = new Set([...Object.keys(entry.sealed), ...Object.keys(entry.blind)]);
    if (hidden.size === 0) continue;
    const block = new RegExp(
      `(export const ${model}ScalarFieldEnum = \\{\\n)([^}]*)(\\} as const)`,
    );
    if (!block.test(out)) throw new Error(`${model}ScalarFieldEnum is not where it was expected.`);
    out = out.replace(block, (_, head: string, body: string, tail: string) => {
      const kept = body
        .split('\n')
        .filter((line) => !hidden.has(/^ +(\w+):/.exec(line)?.[1] ?? ''));
      return head + kept.join('\n') + tail;
    });
  }
  return out;
}

const exported = 'export const PrismaClient = $Class.getPrismaClientClass()';

/**
 * Makes the bare constructor give a client without models: a store that forgets to seal does not
 * compile, instead of writing names into the database as they are.
 */
export function unsealedConstructor(source: string): string {
  if (!source.includes(exported)) throw new Error('PrismaClient is not where it was expected.');
  return source.replace(
    exported,
    [
      'type PrismaClientConstructor = ReturnType<typeof $Class.getPrismaClientClass>',
      '/** A client before sealing: it has no models. `createSealedClient` gives the usable one. */',
      "export type UnsealedPrismaClient = Pick<PrismaClient, '$connect' | '$disconnect' | '$on'> & {",
      '  readonly unsealed: unique symbol',
      '}',
      'export const PrismaClient = $Class.getPrismaClientClass() as unknown as new (',
      '  options: Prisma.PrismaClientOptions,',
      ') => UnsealedPrismaClient',
    ].join('\n'),
  );
}
