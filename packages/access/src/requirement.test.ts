import { parse, Kind, type ConstDirectiveNode } from 'graphql';
import { expect, test } from 'vitest';
import { actorFromClaims, type Actor } from './actor.ts';
import { permissionMatrix } from './permission.ts';
import { meets, permits, readRequirement, unknownNames } from './requirement.ts';
import { roles, type Role } from './role.ts';

const id = '01890000-0000-7000-8000-000000000001';
const actorOf = (role: Role, scope?: string): Actor =>
  actorFromClaims({
    ...{ sub: id, client_id: 'test', jti: 'one', exp: 1, iat: 0, roles: [role] },
    ...{ institution: id, areas: [], purposes: ['treatment'] },
    ...(scope === undefined ? {} : { scope }),
  });

function requirementOf(directives: string) {
  const [definition] = parse(`type T ${directives} { f: Int }`).definitions;
  if (definition?.kind !== Kind.OBJECT_TYPE_DEFINITION) throw new Error('no type');
  return readRequirement((definition.directives ?? []) as readonly ConstDirectiveNode[]);
}

function asks(directives: string, actor: Actor): boolean {
  const requirement = requirementOf(directives);
  if (requirement === undefined) throw new Error('asks nothing');
  return meets(requirement, actor);
}

test('a type without access directives asks nothing', () => {
  expect(requirementOf('@key(fields: "id") @tag(name: "x")')).toBeUndefined();
});

test.each(roles)('%s meets the scopes of its row in the matrix and no other', (role) => {
  for (const permission of new Set(Object.values(permissionMatrix).flat())) {
    const met = asks(`@requiresScopes(scopes: [["${permission}"]])`, actorOf(role));
    expect(met).toBe(permissionMatrix[role].includes(permission));
  }
});

test('inner lists are asked together, outer ones are alternatives', () => {
  const worker = actorOf('health_worker');
  expect(asks('@requiresScopes(scopes: [["patient:read", "patient:write"]])', worker)).toBe(true);
  expect(asks('@requiresScopes(scopes: [["patient:read", "audit:read"]])', worker)).toBe(false);
  expect(asks('@requiresScopes(scopes: [["audit:read"], ["patient:read"]])', worker)).toBe(true);
  expect(asks('@requiresScopes(scopes: "patient:read")', worker)).toBe(true);
});

test('a scope of the token narrows what its role meets', () => {
  const narrow = actorOf('health_worker', 'clinical:read');
  expect(asks('@requiresScopes(scopes: [["patient:read"]])', narrow)).toBe(false);
  expect(asks('@requiresScopes(scopes: [["clinical:read"]])', narrow)).toBe(true);
});

test('several directives are asked together', () => {
  const both =
    '@requiresScopes(scopes: [["audit:read"]]) @policy(policies: [["audits-institution"]])';
  expect(asks(both, actorOf('auditor'))).toBe(true);
  expect(asks(both, actorOf('clinician'))).toBe(false);
  expect(asks(both, actorOf('health_worker'))).toBe(false);
});

test.each([
  '@requiresScopes(scopes: [])',
  '@requiresScopes',
  '@policy(policies: [["no-such-policy"]])',
  '@policy(policies: [["toString"]])',
  '@requiresScopes(scopes: [["no:such"]])',
])('%s is met by nobody', (directives) => {
  for (const role of roles) expect(asks(directives, actorOf(role))).toBe(false);
});

test('names that the tables do not know are found', () => {
  const requirement = requirementOf(
    '@requiresScopes(scopes: [["patient:read", "patient:reed"]]) @policy(policies: [["audits"]])',
  );
  expect(requirement && unknownNames(requirement)).toEqual(['patient:reed', 'audits']);
});

test('the requirements of a field and of its type must both be met', () => {
  const field = requirementOf('@requiresScopes(scopes: [["patient:read"]])');
  const type = requirementOf('@requiresScopes(scopes: [["clinical:read"]])');
  const all = [field, type].filter((one) => one !== undefined);
  expect(permits(all, actorOf('health_worker'))).toBe(true);
  expect(permits(all, actorOf('pharmacist'))).toBe(false);
  expect(permits([], actorOf('pharmacist'))).toBe(true);
});
