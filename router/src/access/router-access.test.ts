import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeFixtures, patientSdl, clinicalSdl, startStack, type Stack } from '../test-stack.ts';

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
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  stack = await startStack({
    supergraphSdl,
    reach: (clinical) => ({
      ...clinical,
      execute(request) {
        reached.push(JSON.stringify(request.body));
        return clinical.execute(request);
      },
    }),
  });
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
