import { readFileSync } from 'node:fs';
import {
  buildASTSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  parse,
  type GraphQLInputType,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishedSupergraphPath } from '@caregraph/schema-registry';
import { defaultRouterConfig } from '../../src/index.ts';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { readAccessGraph, type AccessGraph } from './graph.ts';
import { everyPerson, type Person } from './people.ts';

/** Every mutation by every role: alone, and as an entry of its subgraph's batch. */
const sdl = readFileSync(publishedSupergraphPath, 'utf8');
const schema = buildASTSchema(parse(sdl), { assumeValidSDL: true });
const graph: AccessGraph = readAccessGraph(sdl, {});
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const singles = mutations.filter(({ name }) => !name.startsWith('apply'));

let stack: JourneyStack;
let people: readonly Person[];

beforeAll(async () => {
  const limits = { ...defaultRouterConfig.limits, rates: false };
  stack = await startJourney({ households: 1, router: { limits } });
  people = await everyPerson(stack);
}, 120_000);
afterAll(() => stack.stop());

/** A value that the schema takes; whether the record likes it is not asked here. */
function someValue(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return someValue(type.ofType);
  if (isListType(type)) return [];
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(fields.map((field) => [field.name, someValue(field.type)]));
  }
  if (isEnumType(type)) return type.getValues()[0]?.name;
  const byScalar: Record<string, unknown> = {
    UUID: stack.newId(),
    Date: stack.district.today,
    Int: 1,
    Float: 1,
    Boolean: true,
  };
  return byScalar[type.name] ?? 'something';
}

async function operationsKept(): Promise<number> {
  let kept = 0;
  for (const name of ['patient', 'clinical', 'prescription', 'institution'] as const) {
    const sql = 'SELECT count(*)::int AS n FROM operation_record';
    kept += (await stack.deployment.pools[name].query<{ n: number }>(sql)).rows[0]?.n ?? 0;
  }
  return kept;
}

const inputOf = (name: string) => {
  const type = singles.find((one) => one.name === name)?.args.find((one) => one.name === 'input');
  if (type === undefined) throw new Error(`${name} takes no input`);
  return type.type;
};

async function call(person: Person, name: string) {
  const document = `mutation ($operation: OperationInput!, $input: ${String(inputOf(name))}) {
    ${name}(operation: $operation, input: $input) { verdict }
  }`;
  const variables = { operation: stack.operation(), input: someValue(inputOf(name)) };
  return stack.ask('-', document, variables, { token: person.token });
}

async function callInBatch(person: Person, name: string) {
  const batch = mutations.find((one) => {
    const entry = getNamedType(one.args.find((arg) => arg.name === 'operations')?.type);
    return isInputObjectType(entry) && Object.hasOwn(entry.getFields(), name);
  });
  if (batch === undefined) return undefined;
  const type = String(batch.args.find((arg) => arg.name === 'operations')?.type);
  const document = `mutation ($operations: ${type}) { ${batch.name}(operations: $operations) { verdict } }`;
  const operations = [{ operation: stack.operation(), [name]: someValue(inputOf(name)) }];
  return stack.ask('-', document, { operations }, { token: person.token });
}

const codes = (answer: { errors: readonly { extensions: { code: string } }[] }) =>
  answer.errors.map(({ extensions }) => extensions.code);

test(
  'every mutation is open to the roles of the table and to no other',
  { timeout: 300_000 },
  async () => {
    const wrong: string[] = [];
    for (const { name } of singles) {
      for (const person of people) {
        const allowed = graph.allows(person.actor, 'Mutation', name);
        const before = allowed ? 0 : await operationsKept();
        for (const answer of [await call(person, name), await callInBatch(person, name)]) {
          if (answer === undefined) continue;
          const refused = codes(answer).includes('FORBIDDEN');
          if (refused === allowed) wrong.push(`${person.name}: ${name} ${codes(answer).join()}`);
        }
        if (!allowed && (await operationsKept()) !== before) {
          wrong.push(`${person.name}: ${name} left an operation`);
        }
      }
    }
    expect(wrong).toEqual([]);
  },
);

test('every mutation of the table was asked', () => {
  expect(singles.length).toBeGreaterThan(35);
  for (const { name } of singles) expect(() => inputOf(name)).not.toThrow();
});
