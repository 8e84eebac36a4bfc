import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** Somebody is registered in one spelling and found in another, at the router and beyond it. */
let stack: JourneyStack;
const patient = { id: '', name: 'Rehana Begum', phone: '+91 98111 22233' };
beforeAll(async () => {
  stack = await startJourney({ households: 4 });
  patient.id = stack.newId();
  const [areaId] = stack.actor('health-worker-1').areaRoots;
  const data = await stack.read(
    'health-worker-1',
    `mutation ($operation: OperationInput!, $input: RegisterPatientInput!) {
      registerPatient(operation: $operation, input: $input) { verdict }
    }`,
    { operation: stack.operation(), input: { ...patient, sex: 'FEMALE', areaId } },
  );
  expect(data).toEqual({ registerPatient: { verdict: 'APPLIED' } });
});
afterAll(() => stack.stop());

const query = `query ($name: String, $phone: String, $areaId: UUID) {
  searchPatients(name: $name, phone: $phone, areaId: $areaId) {
    outcome matches { score matchedBy patient { id area { name } latestCheckup { id } } }
  }
}`;

const asked = (name?: string) => ({ name, areaId: stack.district.territory.district.id });

test.each(['Rehana Begum', 'rihana begam', 'रेहाना बेगम', 'রেহানা বেগম', 'ریحانہ بیگم'])(
  'the search for %s finds her, with what other subgraphs know',
  async (name) => {
    const { data, errors } = await stack.ask('supervisor-1', query, asked(name));
    expect(errors).toEqual([]);
    expect(data?.['searchPatients']).toMatchObject({
      outcome: 'FOUND',
      matches: [{ patient: { id: patient.id, area: { name: expect.any(String) as string } } }],
    });
  },
);

test('who works in another village finds nobody, by name or by number', async () => {
  for (const criterion of [{ name: 'rehana begum' }, { phone: '9811122233' }]) {
    const variables = { ...asked(), ...criterion };
    const { data } = await stack.ask('supervisor-1', query, variables);
    expect(data).toMatchObject({ searchPatients: { matches: [{ patient: { id: patient.id } }] } });
    const hidden = await stack.ask('health-worker-2', query, variables);
    expect(hidden.errors).toEqual([]);
    expect(hidden.data).toEqual({ searchPatients: { outcome: 'FOUND', matches: [] } });
  }
});

test.each(['institution-admin', 'auditor'])('%s may not search', async (actor) => {
  const { data, errors } = await stack.ask(actor, query, asked('rehana'));
  expect(data).toEqual({ searchPatients: null });
  expect(errors[0]?.extensions.code).toBe('FORBIDDEN');
});

test('what is missing is named, and not quoted', async () => {
  const { errors } = await stack.ask('health-worker-1', query, { name: 'Rehana' });
  expect(errors[0]?.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    at: 'areaId',
    reason: 'AREA_OR_IDENTIFIER_NEEDED',
  });
  expect(JSON.stringify(errors)).not.toContain('Rehana');
});
