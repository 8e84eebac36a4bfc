import {
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
} from 'graphql';
import type { JourneyStack } from './test-stack.ts';
import { schema } from './test-canary-schema.ts';
import type { Facts, World } from './test-canary-steps.ts';

const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
const hidden = (field: GraphQLField<unknown, unknown>) =>
  field.astNode?.directives?.some(({ name }) => name.value === 'inaccessible') ?? false;

/** All that a type says without being asked anything, and the same of what it leads to. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isObjectType(type)) return '{ __typename }';
  const parts = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    if (hidden(field) || field.args.some(isRequiredArgument)) return [];
    if (isLeafType(named)) return [field.name];
    // A page is no step, nor is a part that is no record of its own.
    const isRecord = isObjectType(named) && Object.hasOwn(named.getFields(), 'id');
    const onward = isRecord ? depth - 1 : depth;
    return onward < 0 ? [] : [`${field.name} ${selectionOf(named, onward)}`];
  });
  return `{ __typename ${parts.join(' ')} }`;
}

/** Every query of the graph, about these people, with everything that it can answer. */
export function readsOf(
  world: World,
  facts: Facts,
  texts: { readonly name: string; readonly phone: string; readonly value: string },
): readonly string[] {
  return queries.flatMap((field) =>
    argumentsOf(field, world, facts, texts).map((args) => {
      const selection = selectionOf(getNamedType(field.type), 1);
      return `query { ${field.name}${args === '' ? '' : `(${args})`} ${selection} }`;
    }),
  );
}

function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  world: World,
  facts: Facts,
  texts: { readonly name: string; readonly phone: string; readonly value: string },
): readonly string[] {
  const has = (name: string) => field.args.some((one) => one.name === name);
  const about = idsOf(getNamedType(field.type).name, world, facts);
  const searched = [
    ...(has('name') ? [`name: ${JSON.stringify(texts.name)}`] : []),
    ...(has('phone') ? [`phone: ${JSON.stringify(texts.phone)}`] : []),
    ...(has('identifier')
      ? [`identifier: { type: MRN, value: ${JSON.stringify(texts.value)} }`]
      : []),
  ].map((one) => (has('areaId') ? `${one}, areaId: "${facts.districtId}"` : one));
  const wide = field.args.filter((one) => isRequiredArgument(one) || one.name === 'first');
  const plain = about.map((id) => wide.map((one) => written(one, id, facts, texts)).join(', '));
  return [...plain, ...searched];
}

function written(
  { name, type }: GraphQLArgument,
  id: string,
  facts: Facts,
  texts: { readonly value: string },
): string {
  const values: Readonly<Record<string, string>> = {
    id: `"${id}"`,
    first: '50',
    institutionId: `"${facts.institutionId}"`,
    type: 'MRN',
    value: JSON.stringify(texts.value),
    code: `"${facts.medicineCode}"`,
  };
  const value = values[name];
  if (value === undefined) throw new Error(`no value for the argument ${name}: ${String(type)}`);
  return `${name}: ${value}`;
}

function idsOf(typeName: string, world: World, facts: Facts): readonly string[] {
  const known: Readonly<Record<string, readonly string[]>> = {
    Patient: [world.patient, world.second],
    Household: [world.household, world.otherHousehold],
    Checkup: [world.checkup, world.wrongCheckup, world.amendment],
    Immunization: [world.dose, world.wrongDose, world.replacement],
    Referral: [world.referral],
    Task: [world.task],
    Allergy: [world.allergy],
    Prescription: [world.draft, world.changedDraft, world.issued],
    Staff: [world.staff, world.otherStaff],
    Institution: [facts.institutionId],
    Area: [facts.areaId],
  };
  return known[typeName] ?? [facts.newId()];
}

/** What somebody was answered. */
export interface Read {
  readonly reader: string;
  readonly query: string;
  readonly data: string;
  readonly codes: readonly string[];
}

/** Asks everything as everybody who may see some of it. */
export async function readEverything(
  stack: JourneyStack,
  reads: readonly string[],
): Promise<readonly Read[]> {
  const answered: Read[] = [];
  const readers = ['hospital-clinician-1', 'institution-admin', 'auditor', 'health-worker-1'];
  for (const reader of readers) {
    for (const query of reads) {
      const { data, errors } = await stack.ask(reader, query);
      const codes = errors.map(({ extensions }) => extensions.code);
      answered.push({ reader, query, data: JSON.stringify(data), codes });
    }
  }
  return answered;
}
