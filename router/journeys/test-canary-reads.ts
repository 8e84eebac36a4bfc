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
import type { Facts, World } from './test-canary-world.ts';

const queries = Object.values(schema.getQueryType()?.getFields() ?? {});

/** What people are searched for by. */
export interface SearchTexts {
  readonly name: string;
  readonly phone: string;
  readonly value: string;
}

/** Ids that nobody but the server gives, by type. */
export type FoundIds = Readonly<Record<string, readonly string[]>>;

/** Reads the ids of what the server made by itself. */
export async function findIds(stack: JourneyStack): Promise<FoundIds> {
  const { rows } = await stack.deployment.pools.prescription.query<{ id: string }>(
    'SELECT id FROM formulary_entry ORDER BY id DESC LIMIT 1',
  );
  const data = await stack.read(
    'institution-admin',
    '{ auditEvents(first: 1) { edges { node { id } } } }',
  );
  const { edges } = data['auditEvents'] as { edges: readonly { node: { id: string } }[] };
  return {
    FormularyEntry: rows.map(({ id }) => id),
    AuditEvent: edges.map(({ node }) => node.id),
  };
}
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
export function readsOf(about: {
  readonly world: World;
  readonly facts: Facts;
  readonly texts: SearchTexts;
  readonly found: FoundIds;
}): readonly Asked[] {
  return queries.flatMap((field) =>
    argumentsOf(field, about).map((args) => {
      const selection = selectionOf(getNamedType(field.type), 1);
      const query = `query { ${field.name}${args === '' ? '' : `(${args})`} ${selection} }`;
      return { field: field.name, query };
    }),
  );
}

interface Asked {
  readonly field: string;
  readonly query: string;
}

function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  { world, facts, texts, found }: Parameters<typeof readsOf>[0],
): readonly string[] {
  const has = (name: string) => field.args.some((one) => one.name === name);
  const typeName = getNamedType(field.type).name;
  const ids = { ...idsOf(world, facts), ...found }[typeName] ?? [];
  const searched = [
    ...(has('name') ? [`name: ${JSON.stringify(texts.name)}`] : []),
    ...(has('phone') ? [`phone: ${JSON.stringify(texts.phone)}`] : []),
    ...(has('identifier')
      ? [`identifier: { type: MRN, value: ${JSON.stringify(texts.value)} }`]
      : []),
  ].map((one) => (has('areaId') ? `${one}, areaId: "${facts.districtId}"` : one));
  if (has('id')) return ids.map((id) => `id: "${id}"`);
  const wide = field.args.filter((one) => isRequiredArgument(one) || one.name === 'first');
  const code = typeName === 'Disease' ? facts.diseaseCode : facts.medicineCode;
  return [wide.map((one) => written(one, { code, facts, texts })).join(', '), ...searched];
}

function written(
  { name, type }: GraphQLArgument,
  from: { readonly code: string; readonly facts: Facts; readonly texts: SearchTexts },
): string {
  const values: Readonly<Record<string, string>> = {
    first: '50',
    institutionId: `"${from.facts.institutionId}"`,
    type: 'MRN',
    value: JSON.stringify(from.texts.value),
    code: `"${from.code}"`,
  };
  const value = values[name];
  if (value === undefined) throw new Error(`no value for the argument ${name}: ${String(type)}`);
  return `${name}: ${value}`;
}

function idsOf(world: World, facts: Facts): Readonly<Record<string, readonly string[]>> {
  return {
    Patient: [world.patient, world.second, world.duplicate, world.dead],
    Household: [world.household, world.otherHousehold],
    Checkup: [world.checkup, world.wrongCheckup, world.amendment],
    Immunization: [world.dose, world.wrongDose, world.replacement],
    Referral: [world.referral],
    Task: [world.task, world.otherTask],
    Pregnancy: [world.pregnancy],
    Allergy: [world.allergy, world.wrongAllergy],
    Prescription: [world.draft, world.changedDraft, world.issued, world.handedOut],
    Dispensing: [world.dispensing],
    StockBatch: [world.batch],
    Staff: [world.staff, world.otherStaff, world.dismissed],
    Device: [world.device],
    Partner: [world.partner],
    Institution: [facts.institutionId, world.institution],
    Area: [facts.areaId, world.area],
  };
}

/** What somebody was answered. */
export interface Read extends Asked {
  readonly reader: string;
  readonly data: string;
  readonly codes: readonly string[];
}

const readers = [
  ...['hospital-clinician-1', 'institution-admin', 'auditor', 'health-worker-1'],
  ...['pharmacist-1', 'platform-admin', 'partner'],
];

/** Asks everything as everybody who may see some of it. */
export async function readEverything(
  stack: JourneyStack,
  asked: readonly Asked[],
): Promise<readonly Read[]> {
  const answered: Read[] = [];
  for (const reader of readers) {
    for (const one of asked) {
      const { data, errors } = await stack.ask(reader, one.query);
      const codes = errors.map(({ extensions }) => extensions.code);
      answered.push({ ...one, reader, data: JSON.stringify(data), codes });
    }
  }
  return answered;
}

/** Whether a query was answered with a record, or a list of some. */
export function showsSomething({ field, data }: Read): boolean {
  const parsed = JSON.parse(data) as Readonly<Record<string, unknown>> | null;
  const value = parsed?.[field] as { edges?: unknown; matches?: unknown } | null | undefined;
  if (value == null) return false;
  const list = value.edges ?? value.matches ?? value;
  return !Array.isArray(list) || list.length > 0;
}
