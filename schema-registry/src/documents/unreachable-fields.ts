import {
  getNamedType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import {
  permissionsOf,
  permits,
  readRequirement,
  type AccessRequirement,
  type Actor,
  type Role,
} from '@caregraph/access';

/** What the schema asks at each type (`Patient`) and field (`Patient.name`). */
export type AccessMap = ReadonlyMap<string, AccessRequirement>;

/** Reads the access directives of a supergraph, which the API schema does not have any more. */
export function readAccess(supergraphSdl: string): AccessMap {
  const map = new Map<string, AccessRequirement>();
  const keep = (coordinate: string, directives: readonly ConstDirectiveNode[] = []) => {
    const requirement = readRequirement(directives);
    if (requirement) map.set(coordinate, requirement);
  };
  for (const definition of parse(supergraphSdl, { noLocation: true }).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    const { name, directives, fields = [] } = definition;
    keep(name.value, directives);
    for (const field of fields) keep(`${name.value}.${field.name.value}`, field.directives);
  }
  return map;
}

/**
 * The fields of a document that a role can never see, whatever its scope: registered, they would
 * answer null for ever, and nobody reviewing the document would know.
 *
 * @returns coordinates such as `Patient.accessHistory`
 */
export function unreachableFields(
  document: DocumentNode,
  schema: GraphQLSchema,
  access: AccessMap,
  role: Role,
): string[] {
  const types = new TypeInfo(schema);
  const actor = anyoneOf(role);
  const found = new Set<string>();
  visit(
    document,
    visitWithTypeInfo(types, {
      Field() {
        const parent = types.getParentType();
        const field = types.getFieldDef();
        if (!parent || !field) return;
        const coordinate = `${parent.name}.${field.name}`;
        const asked = [
          access.get(parent.name),
          access.get(coordinate),
          access.get(getNamedType(field.type).name),
        ].filter((one) => one !== undefined);
        if (!permits(asked, actor)) found.add(coordinate);
      },
    }),
  );
  return [...found].toSorted();
}

/** Someone with a role and all that it permits; ids play no part in what the schema asks. */
function anyoneOf(role: Role): Actor {
  return {
    ...{ id: 'anyone', clientId: 'anyone', tokenId: 'none', institutionId: 'any' },
    ...{ roles: [role], permissions: permissionsOf([role]), areaRoots: [], deviceId: undefined },
    ...{ purposes: ['care_coordination'], issuedAt: 0, expiresAt: 0, sessionId: undefined },
    ...{ documents: 'registered', confirmation: undefined },
  };
}
