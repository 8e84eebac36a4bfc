import {
  isInterfaceType,
  isObjectType,
  isUnionType,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { enforce, type Policy } from '@caregraph/access';
import type { PolicyMap } from '../concept.ts';
import type { RequestContext } from '../context.ts';

const federationFields = new Set(['_entities', '_service']);

/**
 * Threat: a field that nobody thought about is open to everybody. Defence: a subgraph does not
 * boot while a root field or an entity resolver has no policy, nor while a policy names nothing.
 *
 * @throws Error listing every coordinate without a policy and every policy without a coordinate
 */
export function guardWithPolicies(schema: GraphQLSchema, policies: PolicyMap): void {
  const guarded = new Set([...rootCoordinates(schema), ...entityCoordinates(schema)]);
  const open = [...guarded].filter((coordinate) => policies[coordinate] === undefined);
  const idle = Object.keys(policies).filter((coordinate) => !guarded.has(coordinate));
  if (open.length > 0 || idle.length > 0) {
    throw new Error(
      `fields without a policy: [${open.join()}]; policies without: [${idle.join()}]`,
    );
  }
  for (const [coordinate, policy] of Object.entries(policies)) guard(schema, coordinate, policy);
}

function rootTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return types.filter((type) => type != null);
}

function rootCoordinates(schema: GraphQLSchema): string[] {
  return rootTypes(schema).flatMap((type) =>
    Object.keys(type.getFields())
      .filter((field) => !federationFields.has(field))
      .map((field) => `${type.name}.${field}`),
  );
}

type ReferenceResolver = (reference: unknown, ctx: RequestContext, info: unknown) => unknown;

interface SubgraphExtension {
  resolveReference?: ReferenceResolver;
}

/** Where @apollo/subgraph keeps the reference resolver of a type, also of an entity interface. */
function subgraphExtension(type: GraphQLNamedType): SubgraphExtension | undefined {
  const apollo = type.extensions['apollo'] as { subgraph?: SubgraphExtension } | undefined;
  return apollo?.subgraph;
}

function entityCoordinates(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .filter(
      (type) =>
        subgraphExtension(type)?.resolveReference !== undefined || answersUnasked(schema, type),
    )
    .map((type) => `${type.name}.__resolveReference`);
}

/** Without a reference resolver @apollo/subgraph takes the caller's word, and the fields answer. */
function answersUnasked(schema: GraphQLSchema, type: GraphQLNamedType): boolean {
  const entities = schema.getType('_Entity');
  if (!isUnionType(entities) || !isObjectType(type)) return false;
  const answers = Object.values(type.getFields()).some((field) => field.resolve !== undefined);
  return answers && schema.isSubType(entities, type);
}

function guard(schema: GraphQLSchema, coordinate: string, policy: Policy): void {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  if (fieldName === '__resolveReference') {
    const extension = subgraphExtension(type);
    const resolve = extension?.resolveReference;
    if (extension === undefined || resolve === undefined) {
      throw new Error(`${coordinate} has no resolver`);
    }
    extension.resolveReference = (reference, ctx, info) => {
      enforce(policy, ctx.actor);
      return resolve(reference, ctx, info);
    };
    return;
  }
  const field = type.getFields()[fieldName];
  if (field === undefined) return;
  const resolve = field.resolve;
  if (resolve === undefined) throw new Error(`${coordinate} has no resolver`);
  const guarded: GraphQLFieldResolver<unknown, RequestContext> = (parent, args, ctx, info) => {
    enforce(policy, ctx.actor);
    return resolve(parent, args, ctx, info);
  };
  field.resolve = guarded;
}
