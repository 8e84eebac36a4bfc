import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultLimits } from '../limits/limits-config.ts';
import {
  composeFixtures,
  patientSdl,
  clinicalSdl,
  startStack,
  type Stack,
  type StackOptions,
} from '../test-stack.ts';

let stack: Stack;
let pharmacist: Record<string, string>;
const reached: string[] = [];

const guarded = (sdl: string) =>
  sdl.replace('import: ["@key"]', 'import: ["@key", "@requiresScopes"]');
const supergraphSdl = composeFixtures(
  guarded(patientSdl).replace(
    'name: String }',
    'name: String @requiresScopes(scopes: [["patient:write"]]) }',
  ),
  guarded(clinicalSdl).replace(
    '[Checkup!] }',
    '[Checkup!] @requiresScopes(scopes: [["clinical:read"]]) }',
  ),
);
const reach: StackOptions['reach'] = (clinical) => ({
  ...clinical,
  execute(request) {
    reached.push(JSON.stringify(request.body));
    return clinical.execute(request);
  },
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  stack = await startStack({ supergraphSdl, reach });
  pharmacist = bearer(await stack.tokens.issue({ ...stack.subject, roles: ['pharmacist'] }));
});
afterAll(() => stack.stop());

describe('roles with real tokens', () => {
  const query = '{ patients { id name checkups { systolicMmHg } } }';

  test('one asks all and gets it, another gets nulls, and no subgraph is asked for them', async () => {
    for (let round = 0; round < 2; round += 1) {
      reached.length = 0;
      const whole = await stack.ask(query);
      expect(whole.body.errors).toBeUndefined();
      expect(whole.body.data?.['patients']).toMatchObject([{ name: 'Asha' }, { name: 'Bina' }]);
      expect(reached).toHaveLength(1);
      const part = await stack.ask(query, { headers: pharmacist });
      expect(part.status).toBe(200);
      expect(JSON.stringify(part.body.data)).toBe(
        '{"patients":[{"id":"1","name":null,"checkups":null},{"id":"2","name":null,"checkups":null}]}',
      );
      expect(part.body.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
        [['patients', 0, 'name'], { code: 'FORBIDDEN', coordinate: 'Patient.name' }],
        [['patients', 0, 'checkups'], { code: 'FORBIDDEN', coordinate: 'Patient.checkups' }],
        [['patients', 1, 'name'], { code: 'FORBIDDEN', coordinate: 'Patient.name' }],
        [['patients', 1, 'checkups'], { code: 'FORBIDDEN', coordinate: 'Patient.checkups' }],
      ]);
      expect(reached).toHaveLength(1);
    }
  });
});

describe('limits come before access', () => {
  const doubling = Array.from(
    { length: 30 },
    (_, i) => `fragment F${i} on Patient { ${i < 29 ? `...F${i + 1} ...F${i + 1}` : 'name'} }`,
  ).join(' ');

  test('a document over a limit is not even judged', async () => {
    const limits = { ...defaultLimits, costBudget: 500 };
    const config = { unauthorisedFields: 'refuse', limits } as const;
    const strict = await startStack({ supergraphSdl, reach, config });
    const token = await strict.tokens.issue({ ...strict.subject, roles: ['pharmacist'] });
    const codes = async (query: string) =>
      (await strict.ask(query, { headers: bearer(token) })).body.errors?.map(
        ({ extensions }) => extensions['code'],
      );
    const dear = Array.from({ length: 9 }, (_, i) => `a${i}: patients { name checkups { id } }`);
    reached.length = 0;
    expect(await codes('{ patients { name } }')).toEqual(['FORBIDDEN']);
    expect(await codes(`{ patients { ...F0 } } ${doubling}`)).toEqual(['DOCUMENT_LIMIT_EXCEEDED']);
    expect(await codes(`{ ${dear.join(' ')} }`)).toEqual(['COST_EXCEEDED']);
    expect(reached).toEqual([]);
    await strict.stop();
  });
});
