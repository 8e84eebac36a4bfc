import {
  defaultFieldResolver,
  defaultTypeResolver,
  getNamedType,
  isAbstractType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { accessProblems, entityTypes, rootTypes, type AccessRules } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import type { RequestContext } from '../context.ts';
import type { AccessGate, Gates } from './access-gate.ts';
import { answeredFields, entityProblems, subgraphExtension } from './entity-reference.ts';

/**
 * Puts what the SDL asks for in front of every field, interface and reference of a subgraph.
 *
 * Threat: a field that nobody thought about is open to everybody. Defence: a subgraph does not
 * boot while a root field or an entity says nothing about who may ask.
 *
 * @throws Error listing every coordinate whose access is not in order
 * @example guardSchema(schema, rules, createGates(rules));
 */
export function guardSchema(schema: GraphQLSchema, rules: AccessRules, gates: Gates): void {
  const problems = [...accessProblems(schema, rules), ...entityProblems(schema, rules)];
  if (problems.length > 0) {
    throw new Error(`access is not in order:\n${problems.sort().join('\n')}`);
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('_')) continue;
    if (isObjectType(type)) guardFields(schema, rules, gates, type);
    if (isAbstractType(type)) guardMembers(schema, rules, gates, type);
  }
  for (const type of entityTypes(schema)) guardReference(gates, type);
  guardOwnSdl(schema);
  guardRepresentations(schema);
}

/**
 * Threat: a partner or a stolen phone that reaches a subgraph directly reads the whole map of it,
 * rules of access included, which the router keeps from them. Defence: the same leave as there. The
 * router never asks for it; the supergraph is composed from files.
 */
function guardOwnSdl(schema: GraphQLSchema): void {
  const field = schema.getQueryType()?.getFields()['_service'];
  if (field === undefined) return;
  const resolve: Resolver = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args, ctx: RequestContext, info) => {
    if (ctx.actor.documents !== 'free') {
      throw new Fault('FORBIDDEN', { coordinate: 'Query._service' });
    }
    return resolve(parent, args, ctx, info);
  };
}

/** A representation of a type that is no entity here is the caller's mistake, not a fault of ours. */
function guardRepresentations(schema: GraphQLSchema): void {
  const field = schema.getQueryType()?.getFields()['_entities'];
  if (field === undefined) return;
  const known = new Set(entityTypes(schema).map(({ name }) => name));
  const resolve: Resolver = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args: { representations: readonly unknown[] }, ctx, info) => {
    const stray = args.representations.some((one) => !known.has(typenameOf(one)));
    if (stray) throw new Fault('BAD_USER_INPUT', { at: 'representations' });
    return resolve(parent, args, ctx, info);
  };
}

function typenameOf(representation: unknown): string {
  const named =
    typeof representation === 'object' && representation !== null && '__typename' in representation;
  return named && typeof representation.__typename === 'string' ? representation.__typename : '';
}

/** A field asks for its own requirement and for that of the type it answers with. */
function coordinatesOf(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  isRoot = false,
): string[] {
  const answered = getNamedType(field.type);
  return [
    ...(isRoot ? [type.name] : []),
    `${type.name}.${field.name}`,
    ...(isObjectType(answered) ? [answered.name] : []),
  ];
}

function guardFields(
  schema: GraphQLSchema,
  rules: AccessRules,
  gates: Gates,
  type: GraphQLObjectType,
): void {
  const isRoot = rootTypes(schema).includes(type);
  for (const field of Object.values(type.getFields())) {
    const asked = coordinatesOf(type, field, isRoot).filter((one) => rules.has(one));
    if (asked.length === 0) continue;
    const gate = gates.gate(`${type.name}.${field.name}`, asked);
    field.resolve = behind(gate, field.resolve ?? defaultFieldResolver);
    if (field.subscribe) field.subscribe = behind(gate, field.subscribe);
  }
}

type Resolver = GraphQLFieldResolver<unknown, RequestContext>;

function behind(gate: AccessGate, resolve: Resolver): Resolver {
  return (parent, args, ctx, info) => {
    gate.enforce(ctx.actor);
    return resolve(parent, args, ctx, info);
  };
}

/** Of an interface or a union, each answer is judged by what it turns out to be. */
function guardMembers(
  schema: GraphQLSchema,
  rules: AccessRules,
  gates: Gates,
  type: GraphQLAbstractType,
): void {
  const members = schema.getPossibleTypes(type).filter(({ name }) => rules.has(name));
  if (members.length === 0) return;
  const byName = new Map(members.map(({ name }) => [name, gates.gate(name, [name])]));
  const resolveType = type.resolveType ?? defaultTypeResolver;
  type.resolveType = async (value, ctx: RequestContext, info, abstract) => {
    const name = await resolveType(value, ctx, info, abstract);
    if (name !== undefined) byName.get(name)?.enforce(ctx.actor);
    return name;
  };
}

/**
 * A reference asks for the requirement of its type, and is resolved only for who may see one of
 * the fields behind it: otherwise it would tell which records there are.
 */
function guardReference(gates: Gates, type: GraphQLObjectType): void {
  const extension = subgraphExtension(type);
  const coordinate = `${type.name}.__resolveReference`;
  const fields = answeredFields(type).map((field) =>
    gates.gate(coordinate, coordinatesOf(type, field)),
  );
  const gate = gates.gate(coordinate, [type.name]);
  const resolve = extension.resolveReference;
  // A rejection stays with its own representation; a throw here would take all the others along.
  extension.resolveReference = async (reference, ctx, info) => {
    gate.enforce(ctx.actor);
    if (fields.length > 0 && !fields.some((field) => field.isOpenTo(ctx.actor))) {
      fields[0]?.enforce(ctx.actor);
    }
    return resolve === undefined ? reference : resolve(reference, ctx, info);
  };
}
