import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { accessRulesOf, type Actor } from '@caregraph/access';
import { createGates } from '../schema/access-gate.ts';
import { operationGates } from './operation-root.ts';

const rules = accessRulesOf(
  parse('type Mutation { open: Int rename: Int @requiresScopes(scopes: [["patient:write"]]) }'),
);
const gatesOf = (name: string) => operationGates([{ name }], rules, createGates(rules));

test('an operation asks for what its mutation asks for', () => {
  const enforce = gatesOf('rename');
  const actor = (held: readonly string[]) => ({ permissions: new Set(held) }) as unknown as Actor;
  expect(() => enforce('rename', actor(['patient:write']))).not.toThrow();
  expect(() => enforce('rename', actor(['patient:read']))).toThrow(
    expect.objectContaining({
      code: 'FORBIDDEN',
      details: { coordinate: 'Mutation.rename', scopes: 'patient:write' },
    }),
  );
});

test.each(['open', 'unheardOf'])('%s, which the SDL lets nobody call, does not boot', (name) => {
  expect(() => gatesOf(name)).toThrow(`Mutation.${name}: an operation that nobody may call`);
});

test('an operation without a gate is a defect, not an open door', () => {
  expect(() => gatesOf('rename')('other', {} as Actor)).toThrow('no gate for the operation other');
});
