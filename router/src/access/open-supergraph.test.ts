import { describe, expect, test } from 'vitest';
import { openSupergraph } from './open-supergraph.ts';
import { compose, startGateway } from './test-gateway.ts';

const link = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${imports}])`;

const plain = compose({
  a: {
    sdl: `${link('"@key", "@authenticated", "@requiresScopes", "@policy"')}
      type Query { p: Patient node: Node level: Level at: At }
      interface Node { id: ID! }
      type Patient implements Node @key(fields: "id") @requiresScopes(scopes: [["patient:read"]]) {
        id: ID! name: String @policy(policies: [["audits-institution"]]) @authenticated }
      type Note implements Node { id: ID! text: String @authenticated }
      enum Level @authenticated { A }  scalar At @requiresScopes(scopes: [["stock:read"]])`,
  },
  b: {
    sdl: `${link('"@key", "@requiresScopes"')}
      type Patient @key(fields: "id") { id: ID! more: String @requiresScopes(scopes: [["a"], ["b", "c"]]) }`,
  },
});

const renamed = compose({
  a: {
    sdl: `${link('{ name: "@authenticated", as: "@signedIn" }, { name: "@requiresScopes", as: "@needs" }, { name: "@policy", as: "@rule" }')}
      type Query { a: String @signedIn b: String @needs(scopes: [["x"]]) c: String @rule(policies: [["y"]]) }`,
  },
});

const requirement = (sdl: string, coordinate: string) => {
  const { rules } = openSupergraph(sdl);
  const index = rules.fields.get(coordinate) ?? rules.types.get(coordinate);
  return index === undefined ? undefined : rules.requirements[index];
};

test('rules of types, fields, enums and scalars are read', () => {
  const signedIn = { authenticated: true, scopes: [], policies: [] };
  expect(requirement(plain, 'Patient')).toEqual({ ...signedIn, scopes: [['patient:read']] });
  expect(requirement(plain, 'Patient.more')).toEqual({ ...signedIn, scopes: [['a'], ['b', 'c']] });
  expect(requirement(plain, 'Patient.name')).toEqual({
    ...signedIn,
    policies: [['audits-institution']],
  });
  expect(requirement(plain, 'Note.text')).toEqual(signedIn);
  expect(requirement(plain, 'Level')).toEqual(signedIn);
  expect(requirement(plain, 'At')).toEqual({ ...signedIn, scopes: [['stock:read']] });
  expect(requirement(plain, 'Query.p')).toBeUndefined();
});

test('renamed directives are read under their new names', () => {
  expect(requirement(renamed, 'Query.a')).toMatchObject({ scopes: [], policies: [] });
  expect(requirement(renamed, 'Query.b')).toMatchObject({ scopes: [['x']] });
  expect(requirement(renamed, 'Query.c')).toMatchObject({ policies: [['y']] });
});

test('a feature linked under another name is read under that name', () => {
  const as = 'for: SECURITY, as: "guard")';
  const sdl = renamed
    .replace(/for: SECURITY, import: \[\{name: "@policy".*/, as)
    .replaceAll('@rule', '@guard');
  expect(requirement(sdl, 'Query.c')).toMatchObject({ policies: [['y']] });
});

describe('the copy for the gateway', () => {
  test('has no mark of the features that are enforced, and all else', () => {
    for (const sdl of [plain, renamed]) {
      const { gatewaySdl } = openSupergraph(sdl);
      expect(gatewaySdl).not.toContain('for: SECURITY');
      expect(gatewaySdl).toContain('for: EXECUTION');
      expect(openSupergraph(gatewaySdl)).toEqual(openSupergraph(sdl));
    }
  });

  test.each([
    ['of another name', '@link(url: "https://specs.apollo.dev/secret/v0.1", for: SECURITY)'],
    ['of another version', '@link(url: "https://specs.apollo.dev/policy/v0.2", for: SECURITY)'],
    ['for execution', '@link(url: "https://specs.apollo.dev/other/v0.1", for: EXECUTION)'],
  ])('keeps the mark of a feature %s, and the gateway refuses it', async (_what, unknown) => {
    const last = '@link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)';
    const sdl = compose({ a: { sdl: `${link('')} type Query { a: Int }` } });
    const marked = sdl.replace('{\n  query: Query', `${unknown}\n{\n  query: Query`);
    expect(marked).not.toContain(last);
    expect(openSupergraph(marked).gatewaySdl).toContain(unknown.slice(0, 40));
    const started = startGateway(
      { a: { sdl: `${link('')} type Query { a: Int }` } },
      { supergraphSdl: marked },
    );
    await expect(started).rejects.toThrow(/does not recognize|unsupported|feature/i);
  });
});

describe('refuses', () => {
  test('a supergraph that links nothing', () => {
    expect(() => openSupergraph('type Query { a: Int }')).toThrow('does not @link');
  });

  test.each([
    [
      'at a place that is not enforced',
      plain.replace('input join__ContextArgument', 'input join__ContextArgument @authenticated'),
    ],
    ['on an argument', plain.replace('level: Level', 'level(a: Int @authenticated): Level')],
    ['without its link', renamed.replace('a: String', 'a: String @authenticated')],
    ['in an extension', `${plain}\nextend type Note @policy(policies: [["x"]])`],
  ])('a directive %s', (_where, sdl) => {
    expect(() => openSupergraph(sdl)).toThrow(/uses \d+ access directives; \d+ became rules/);
  });

  test('what only an interface asks', () => {
    const onField = plain.replace(/(interface Node[^}]*id: ID!)/, '$1 @policy(policies: [["z"]])');
    expect(() => openSupergraph(onField)).toThrow('Node.id asks on an interface');
    const onType = plain.replace(/(interface Node[^{]*)\{/, '$1 @policy(policies: [["z"]]) {');
    expect(() => openSupergraph(onType)).toThrow('Node asks on an interface');
  });

  test('scopes that are not strings', () => {
    expect(() => openSupergraph(plain.replace('[["patient:read"]]', '[[1]]'))).toThrow();
  });
});
