import { Kind, type ConstDirectiveNode, type DefinitionNode, type DocumentNode } from 'graphql';
import { readRequirement, type AccessRequirement } from '@caregraph/access';
import type { AccessDirective } from './security-features.ts';

/** Who may ask what, as the supergraph says. A requirement that stands often is held once. */
export interface AccessRules {
  readonly requirements: readonly AccessRequirement[];
  /** Index of the requirement by type name. */
  readonly types: ReadonlyMap<string, number>;
  /** Index of the requirement by coordinate, e.g. `Patient.name`. */
  readonly fields: ReadonlyMap<string, number>;
}

/** Rules, and how many directives they were read from. */
export interface ReadRules {
  readonly rules: AccessRules;
  readonly directives: number;
}

/**
 * Collects the rules of all types and fields.
 *
 * @param names the federation's own name of each access directive by its name in this SDL
 * @throws Error when a scope or policy is not named by a string
 */
export function readRules(
  document: DocumentNode,
  names: ReadonlyMap<string, AccessDirective>,
): ReadRules {
  const requirements: AccessRequirement[] = [];
  const indices = new Map<string, number>();
  const types = new Map<string, number>();
  const fields = new Map<string, number>();
  let directives = 0;

  function read(at: string, written: readonly ConstDirectiveNode[], into: Map<string, number>) {
    const access = written.flatMap((directive) => underOwnName(directive, names));
    const requirement = readRequirement(access);
    if (requirement === undefined) return;
    directives += access.length;
    const key = JSON.stringify(requirement);
    const index = indices.get(key) ?? requirements.push(requirement) - 1;
    indices.set(key, index);
    into.set(at, index);
  }

  for (const definition of document.definitions) {
    if (!canAsk(definition)) continue;
    const type = definition.name.value;
    read(type, definition.directives ?? [], types);
    for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
      read(`${type}.${field.name.value}`, field.directives ?? [], fields);
    }
  }
  return { rules: { requirements, types, fields }, directives };
}

function underOwnName(
  directive: ConstDirectiveNode,
  names: ReadonlyMap<string, AccessDirective>,
): ConstDirectiveNode[] {
  const own = names.get(directive.name.value);
  return own === undefined ? [] : [{ ...directive, name: { kind: Kind.NAME, value: own } }];
}

/** The kinds of types that the federation's definitions of the directives allow. */
function canAsk(definition: DefinitionNode) {
  return (
    definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    definition.kind === Kind.SCALAR_TYPE_DEFINITION ||
    definition.kind === Kind.ENUM_TYPE_DEFINITION
  );
}
