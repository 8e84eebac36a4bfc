import { readFileSync } from 'node:fs';
import {
  buildASTSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeNames } from '@caregraph/database';
import { publishedSupergraphPath } from '@caregraph/schema-registry';
import { defaultRouterConfig } from '../../src/index.ts';
import { readAccessGraph } from '../access-matrix/graph.ts';
import { everyPerson, type Person } from '../access-matrix/people.ts';
import { completeDistrict } from '../access-matrix/records.ts';
import { startJourney, type Answer, type JourneyStack } from '../test-stack.ts';

/**
 * Every id argument of every query and mutation, asked by people of another tenant, of each role
 * that may ask the field at all. What is there and what never was must look the same to them, and
 * nothing of it may change. The fields come from the published schema: a new one is asked as well.
 */
const sdl = readFileSync(publishedSupergraphPath, 'utf8');
const schema = buildASTSchema(parse(sdl), { assumeValidSDL: true });
const graph = readAccessGraph(sdl, {});
const fieldsOf = (type: 'Query' | 'Mutation') => {
  const found = schema.getType(type);
  return isObjectType(found) ? Object.values(found.getFields()) : [];
};

let stack: JourneyStack;
let strangers: readonly Person[];
/** Ids of the own tenant, by the table that they are a row of. */
let known: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  const limits = { ...defaultRouterConfig.limits, rates: false };
  stack = await startJourney({ households: 4, router: { limits } });
  await completeDistrict(stack);
  await stack.settle();
  known = await readIds();
  strangers = (await everyPerson(stack)).filter(({ tenant }) => tenant === 'foreign');
}, 120_000);
afterAll(() => stack.stop());

/** Where ids of each table live; what another subgraph only refers to is not its row. */
async function readIds(): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = new Map<string, readonly string[]>();
  for (const store of storeNames) {
    const { rows } = await stack.deployment.pools[store].query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid'`,
    );
    for (const { name } of rows) {
      const found = await stack.deployment.pools[store].query<{ id: string }>(
        `SELECT id::text FROM "${name}" ORDER BY id LIMIT 3`,
      );
      if (found.rows.length > 0 && !ids.has(name))
        ids.set(
          name,
          found.rows.map(({ id }) => id),
        );
    }
  }
  return ids;
}

/** The table whose rows an argument or member names; its field says it where its name does not. */
const byName: Readonly<Record<string, string>> = {
  patientId: 'patient',
  fromPatientId: 'patient',
  toPatientId: 'patient',
  mergedIntoId: 'patient',
  headId: 'patient',
  householdId: 'household',
  identifierId: 'identifier',
  relationshipId: 'relationship',
  areaId: 'area',
  areaIds: 'area',
  parentId: 'area',
  institutionId: 'institution',
  fromInstitutionId: 'institution',
  toInstitutionId: 'institution',
  attendedById: 'staff',
  givenById: 'staff',
  assignedToId: 'staff',
  prescriberId: 'staff',
  holderId: 'staff',
  actorId: 'staff',
  checkupId: 'checkup',
  amendsId: 'checkup',
  pregnancyId: 'pregnancy',
  immunizationId: 'immunization',
  referralId: 'referral',
  taskId: 'task',
  allergyId: 'allergy',
  prescriptionId: 'prescription',
  itemId: 'prescription_item',
  removeItemIds: 'prescription_item',
  batchId: 'stock_batch',
  grantId: 'break_glass_grant',
};
/** Where `id` names what is there already, and not what the operation makes. */
const byField: Readonly<Record<string, string>> = {
  updateArea: 'area',
  updateInstitution: 'institution',
  verifyInstitution: 'institution',
  updateStaff: 'staff',
  dismissStaff: 'staff',
  changeDeviceState: 'device',
  changePartnerState: 'partner',
  issuePrescription: 'prescription',
  staffMember: 'staff',
};
const snake = (name: string) => name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();

function tableOf(fieldName: string, name: string): string | undefined {
  if (name !== 'id') return byName[name];
  const answered = fieldsOf('Query').find((field) => field.name === fieldName);
  return byField[fieldName] ?? (answered && snake(getNamedType(answered.type).name));
}

type Pick = (table: string, second?: boolean) => string;
/** A real id of the own tenant. */
const real: Pick = (table, second = false) => {
  const ids = known.get(table) ?? [];
  const found = ids[second ? 1 : 0] ?? ids[0];
  if (found === undefined) throw new Error(`the district has no ${table}`);
  return found;
};
/** Everybody may look these up, so that they are there is no secret. */
const openTables = new Set(['area', 'institution', 'staff']);
/** An id that nobody ever had. */
const never: Pick = (table, second) =>
  openTables.has(table) ? real(table, second) : stack.newId();
/** Two of one kind are not the same one twice: that would be refused for itself. */
const isSecond = (name: string) => /^to[A-Z]|^merged/.test(name);

/** A value that the schema takes, with ids of whoever is picked; optional ids are given as well. */
function valueOf(type: GraphQLInputType, fieldName: string, name: string, pick: Pick): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, fieldName, name, pick);
  if (isListType(type)) {
    const table = tableOf(fieldName, name);
    return table === undefined ? [] : [pick(table)];
  }
  if (isInputObjectType(type)) {
    const given = Object.values(type.getFields()).filter(
      (member) => isRequiredInputField(member) || tableOf(fieldName, member.name) !== undefined,
    );
    return Object.fromEntries(
      given.map((member) => [member.name, valueOf(member.type, fieldName, member.name, pick)]),
    );
  }
  if (isEnumType(type)) return type.getValues()[0]?.name;
  const table = type.name === 'UUID' ? tableOf(fieldName, name) : undefined;
  if (table !== undefined) return pick(table, isSecond(name));
  const byScalar: Record<string, unknown> = {
    UUID: stack.newId(),
    Date: stack.district.today,
    DateTime: `${stack.district.today}T00:00:00Z`,
    Int: 1,
    Float: 1,
    Boolean: true,
  };
  return byScalar[type.name] ?? 'something';
}

/** Everything that an answer says, without what differs between any two requests. */
function told({ status, data, errors }: Answer, ids: readonly string[]): string {
  const text = JSON.stringify({ status, data, errors: errors.map(withoutRequest) });
  return ids.reduce((all, id) => all.replaceAll(id, 'ID'), text);
}
const withoutRequest = ({ extensions, ...error }: Answer['errors'][number]) => {
  const { requestId: _differs, ...rest } = extensions;
  return { ...error, extensions: rest };
};

function uuidsIn(value: unknown): string[] {
  return JSON.stringify(value).match(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}/g) ?? [];
}

/** What was said and done beside the record itself. */
const traces =
  /^(outbox_event|inbox_message|audit_event|audit_access|access_record|operation_record)$/;
/** Whom an audited attempt names is noted by id, also when there is nobody of that id. */
const isTrace = (store: string, table: string) =>
  traces.test(table) || `${store}.${table}` === 'audit.patient_ref';

async function rowCounts(): Promise<Record<string, string>> {
  const counts: Record<string, string> = {};
  for (const store of storeNames) {
    const pool = stack.deployment.pools[store];
    const { rows } = await pool.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of rows.filter((row) => !isTrace(store, row.name))) {
      const counted = await pool.query<{ sum: string }>(
        `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS sum FROM "${name}" t`,
      );
      counts[`${store}.${name}`] = counted.rows[0]?.sum ?? '';
    }
  }
  return counts;
}

const idArguments = (field: GraphQLField<unknown, unknown>) =>
  field.args.filter((one) => getNamedType(one.type).name === 'UUID');

/** What of an answer shows its own subject. */
function selectionOf(field: GraphQLField<unknown, unknown>): string {
  const type = getNamedType(field.type);
  if (!isObjectType(type)) return '';
  const names = Object.keys(type.getFields());
  if (names.includes('edges')) return '{ edges { cursor } pageInfo { hasNextPage endCursor } }';
  return names.includes('id') ? '{ __typename id }' : '{ __typename }';
}

function queryOf(field: GraphQLField<unknown, unknown>, given: readonly GraphQLArgument[]) {
  const declared = given.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = given.map(({ name }) => `${name}: $${name}`).join(', ');
  return `query (${declared}) { ${field.name}(${passed}) ${selectionOf(field)} }`;
}

async function askQuery(
  person: Person,
  field: GraphQLField<unknown, unknown>,
  asked: GraphQLArgument,
  pick: Pick,
) {
  const given = field.args.filter((one) => one === asked || isRequiredArgument(one));
  const variables = Object.fromEntries(
    given.map((one) => [one.name, valueOf(one.type, field.name, one.name, pick)]),
  );
  const token = person.token;
  const answer = await stack.ask('-', queryOf(field, given), variables, { token });
  return { answer, told: told(answer, uuidsIn(variables)) };
}

/** The same for everyone who may ask at all, and so told to another tenant as well. */
const openTypes = /^(Area|Institution|Staff|Medicine|Disease|FormularyEntry|Vaccine)(Connection)?$/;
const isOpen = (field: GraphQLField<unknown, unknown>) =>
  openTypes.test(getNamedType(field.type).name);
/** Operators look after devices and partners of every institution. */
const isOperators = (person: Person, field: GraphQLField<unknown, unknown>) =>
  /^(platform_admin|identity_service)$/.test(person.role) &&
  /^(Device|Partner)$/.test(getNamedType(field.type).name);

test('every id argument is known to name rows of a table, and the district has one', () => {
  const unknown: string[] = [];
  for (const field of fieldsOf('Query')) {
    for (const { name } of idArguments(field)) {
      const table = tableOf(field.name, name);
      if (table === undefined || !known.has(table)) unknown.push(`${field.name}(${name})`);
    }
  }
  for (const field of fieldsOf('Mutation')) {
    const input = getNamedType(field.args.find(({ name }) => name === 'input')?.type);
    if (!isInputObjectType(input)) continue;
    for (const member of Object.values(input.getFields())) {
      if (member.name === 'id' || getNamedType(member.type).name !== 'UUID') continue;
      if (!known.has(byName[member.name] ?? '')) unknown.push(`${field.name}.${member.name}`);
    }
  }
  expect(unknown).toEqual([]);
  for (const table of Object.values(byField)) expect(known.has(table), table).toBe(true);
});

describe('queries', () => {
  test('what is there and what never was look the same', { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    let asked = 0;
    const before = await rowCounts();
    for (const field of fieldsOf('Query').filter((one) => !isOpen(one))) {
      for (const argument of idArguments(field)) {
        for (const person of strangers) {
          if (!graph.allows(person.actor, 'Query', field.name)) continue;
          if (isOperators(person, field)) continue;
          const there = await askQuery(person, field, argument, real);
          const nowhere = await askQuery(person, field, argument, never);
          asked += 1;
          const where = `${person.name}: ${field.name}(${argument.name})`;
          if (there.told !== nowhere.told) wrong.push(`${where} ${there.told} / ${nowhere.told}`);
          const shown = there.answer.data?.[field.name] ?? null;
          const isEmpty = shown === null || JSON.stringify(shown).includes('"edges":[]');
          if (!isEmpty) wrong.push(`${where} shows ${JSON.stringify(shown)}`);
        }
      }
    }
    await stack.settle();
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(60);
    expect(await rowCounts()).toEqual(before);
  });

  test('the same questions show something to their own tenant', async () => {
    const query = 'query ($id: UUID!) { checkup(id: $id) { id } }';
    const answer = await stack.ask('hospital-clinician-1', query, { id: real('checkup') });
    expect(answer.data).toEqual({ checkup: { id: real('checkup') } });
  });

  test('a person asked by the number of an identifier', async () => {
    const query = `query ($value: String!, $system: String) {
      patientByIdentifier(type: OTHER, value: $value, system: $system) { id } }`;
    for (const person of strangers) {
      const { token } = person;
      const [one, two] = [
        await stack.ask('-', query, { value: '1', system: 'x' }, { token }),
        await stack.ask('-', query, { value: '999999', system: 'x' }, { token }),
      ];
      expect(told(one, [])).toBe(told(two, []));
    }
  });

  test('a cursor of another tenant shows nothing of theirs, and nothing that a made-up one does not', async () => {
    const lists = fieldsOf('Query').filter(
      (field) =>
        field.args.some(({ name }) => name === 'after') &&
        !field.args.some(isRequiredArgument) &&
        !isOpen(field),
    );
    expect(lists.length).toBeGreaterThan(6);
    let followed = 0;
    for (const field of lists) {
      const first = `{ list: ${field.name}(first: 1) { pageInfo { endCursor } } }`;
      const own = await stack.ask('hospital-clinician-1', first);
      const list = own.data?.['list'] as
        { pageInfo: { endCursor: string | null } } | null | undefined;
      const after = list?.pageInfo.endCursor;
      if (typeof after !== 'string') continue;
      followed += 1;
      const query = `query ($after: String) { list: ${field.name}(after: $after) { edges { cursor } } }`;
      for (const { token, name, actor } of strangers) {
        if (!graph.allows(actor, 'Query', field.name)) continue;
        const answer = await stack.ask('-', query, { after }, { token });
        const edges =
          (answer.data?.['list'] as { edges: unknown[] } | null | undefined)?.edges ?? [];
        expect(edges, `${name}: ${field.name}`).toEqual([]);
      }
    }
    expect(followed).toBeGreaterThan(4);
  });
});

const singles = fieldsOf('Mutation').filter(({ name }) => !name.startsWith('apply'));
const inputTypeOf = (field: GraphQLField<unknown, unknown>) => {
  const input = field.args.find(({ name }) => name === 'input');
  if (input === undefined) throw new Error(`${field.name} takes no input`);
  return input.type;
};

async function mutate(
  person: Person,
  field: GraphQLField<unknown, unknown>,
  pick: Pick,
  batch: boolean,
) {
  const type = inputTypeOf(field);
  const input = valueOf(type, field.name, 'input', pick);
  const operation = stack.operation({ baseVersion: 1 });
  const { token } = person;
  if (!batch) {
    const document = `mutation ($operation: OperationInput!, $input: ${String(type)}) {
      receipt: ${field.name}(operation: $operation, input: $input) { verdict problems { code field } }
    }`;
    const answer = await stack.ask('-', document, { operation, input }, { token });
    return { answer, told: told(answer, uuidsIn([operation, input])) };
  }
  const root = fieldsOf('Mutation').find((one) => {
    const entry = getNamedType(one.args.find(({ name }) => name === 'operations')?.type);
    return isInputObjectType(entry) && Object.hasOwn(entry.getFields(), field.name);
  });
  if (root === undefined) return undefined;
  const list = String(root.args.find(({ name }) => name === 'operations')?.type);
  const document = `mutation ($operations: ${list}) { receipt: ${root.name}(operations: $operations) { verdict problems { code field } } }`;
  const operations = [{ operation, [field.name]: input }];
  const answer = await stack.ask('-', document, { operations }, { token });
  return { answer, told: told(answer, uuidsIn(operations)) };
}

/**
 * Decision 0006: what a worker recorded of somebody who left their scope is kept for review, not
 * dropped, so the verdict tells that the record is there. The ids cannot be guessed, and the attempt
 * is on the record. Nothing more than this may be told.
 */
const isKeptForReview = ({ data, errors }: Answer): boolean =>
  errors.length === 0 &&
  [data?.['receipt']].flat().every((one) => {
    const { verdict, problems } = one as { verdict: string; problems: { code: string }[] };
    return verdict === 'QUARANTINED' && problems.every(({ code }) => code === 'OUT_OF_SCOPE_KEPT');
  });

/** Operators look after these wherever they are: for them no other tenant exists. */
const operators = /^(platform_admin|identity_service)$/;

describe('mutations', () => {
  test(
    'nothing of another tenant changes, and nothing tells that it is there',
    { timeout: 240_000 },
    async () => {
      const wrong: string[] = [];
      let asked = 0;
      for (const field of singles) {
        const who = strangers.filter(
          ({ role, actor }) => !operators.test(role) && graph.allows(actor, 'Mutation', field.name),
        );
        const before = await rowCounts();
        const there = await mutateAll(who, field, real);
        await stack.settle();
        const after = await rowCounts();
        const changed = Object.keys(after).filter((table) => after[table] !== before[table]);
        if (changed.length > 0) wrong.push(`${field.name} changes ${changed.join()}`);
        const nowhere = await mutateAll(who, field, never);
        for (const [where, one] of there) {
          asked += 1;
          const other = nowhere.get(where);
          if (one.told === other?.told || isKeptForReview(one.answer)) continue;
          wrong.push(`${where}: ${one.told} / ${String(other?.told)}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(60);
    },
  );
});

/** Each of them alone and as an entry of a batch, by who and how. */
async function mutateAll(
  who: readonly Person[],
  field: GraphQLField<unknown, unknown>,
  pick: Pick,
) {
  const answers = new Map<string, { readonly answer: Answer; readonly told: string }>();
  for (const person of who) {
    for (const batch of [false, true]) {
      const answered = await mutate(person, field, pick, batch);
      if (answered === undefined) continue;
      answers.set(`${person.name}: ${field.name}${batch ? ' in a batch' : ''}`, answered);
    }
  }
  return answers;
}

test('an operation of another tenant, sent again word for word, gives no receipt of it', async () => {
  const operation = stack.operation();
  const input = { id: stack.newId(), patientId: real('patient'), visitType: 'GENERAL' };
  const document = `mutation ($operation: OperationInput!, $input: RecordCheckupInput!) {
    receipt: recordCheckup(operation: $operation, input: $input) { verdict replayed }
  }`;
  await stack.read('hospital-clinician-1', document, { operation, input });
  const before = await rowCounts();
  for (const { name, role, token } of strangers.filter((one) => one.role !== 'pharmacist')) {
    const answer = await stack.ask('-', document, { operation, input }, { token });
    const allowed = ['health_worker', 'clinician', 'importer'].includes(role);
    expect(answer.errors[0]?.extensions.code, name).toBe(
      allowed ? 'OPERATION_ID_REUSED' : 'FORBIDDEN',
    );
    expect(answer.data?.['receipt'] ?? null).toBeNull();
    expect(JSON.stringify(answer)).not.toContain(input.id);
  }
  await stack.settle();
  expect(await rowCounts()).toEqual(before);
});
