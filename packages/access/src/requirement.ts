import { Kind, type ConstDirectiveNode, type ConstValueNode } from 'graphql';
import type { Actor } from './actor.ts';
import { namedPolicies } from './named-policy.ts';
import { permissions, type Permission } from './permission.ts';

/**
 * What the schema asks of an actor at one type or field. Outer lists are alternatives, inner lists
 * are asked together; an empty outer list asks nothing of its kind.
 */
export interface AccessRequirement {
  readonly authenticated: boolean;
  readonly scopes: readonly (readonly string[])[];
  readonly policies: readonly (readonly string[])[];
}

const directiveNames = { authenticated: '', requiresScopes: 'scopes', policy: 'policies' } as const;

/**
 * Reads `@authenticated`, `@requiresScopes` and `@policy` of a type or field.
 *
 * @param directives as they stand in the SDL, under the federation's own names
 * @returns undefined when none of the three is there
 * @see https://specs.apollo.dev/requiresScopes/v0.1/ and its siblings
 * @example readRequirement(fieldNode.directives ?? [])
 */
export function readRequirement(
  directives: readonly ConstDirectiveNode[],
): AccessRequirement | undefined {
  const access = directives.filter(({ name }) => Object.hasOwn(directiveNames, name.value));
  if (access.length === 0) return undefined;
  return {
    authenticated: true,
    scopes: alternativesOf(access, 'requiresScopes'),
    policies: alternativesOf(access, 'policy'),
  };
}

/** What a requirement names that nobody knows: a slip of the pen that would lock everyone out. */
export function unknownNames({ scopes, policies }: AccessRequirement): string[] {
  const known: readonly string[] = permissions;
  return [
    ...scopes.flat().filter((name) => !known.includes(name)),
    ...policies.flat().filter((name) => !Object.hasOwn(namedPolicies, name)),
  ];
}

/**
 * Tells whether an authenticated actor meets a requirement.
 *
 * Threat: a name that the table does not know, from a newer schema. Defence: it permits nobody.
 */
export function meets({ scopes, policies }: AccessRequirement, actor: Actor): boolean {
  return (
    someAlternative(scopes, (name) => actor.permissions.has(name as Permission)) &&
    someAlternative(policies, (name) => permittedByName(name, actor))
  );
}

/** Tells whether an actor meets all of several requirements: the field's own and its type's. */
export function permits(requirements: readonly AccessRequirement[], actor: Actor): boolean {
  return requirements.every((requirement) => meets(requirement, actor));
}

function permittedByName(name: string, actor: Actor): boolean {
  if (!Object.hasOwn(namedPolicies, name)) return false;
  return namedPolicies[name as keyof typeof namedPolicies](actor);
}

function someAlternative(
  alternatives: readonly (readonly string[])[],
  holds: (name: string) => boolean,
): boolean {
  return alternatives.length === 0 || alternatives.some((names) => names.every(holds));
}

function alternativesOf(
  directives: readonly ConstDirectiveNode[],
  directive: 'requiresScopes' | 'policy',
): string[][] {
  const found = directives.find(({ name }) => name.value === directive);
  const argument = found?.arguments?.find(({ name }) => name.value === directiveNames[directive]);
  if (found === undefined) return [];
  const lists = argument === undefined ? [] : listOf(argument.value);
  // Written without any alternative it can be met by nobody; it must not read as "asks nothing".
  return lists.length === 0 ? [['']] : lists.map((inner) => listOf(inner).map(textOf));
}

/** GraphQL coerces a single value to a list of one. */
function listOf(value: ConstValueNode): readonly ConstValueNode[] {
  return value.kind === Kind.LIST ? value.values : [value];
}

function textOf(value: ConstValueNode): string {
  if (value.kind !== Kind.STRING) throw new Error('scopes and policies are named by strings');
  return value.value;
}
