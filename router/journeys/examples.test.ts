import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoActors } from '@caregraph/factory';
import { examples, fillBlanks } from '../explorer/src/example.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** The examples of the explorer answer as they stand, for those who find them there. */

let stack: JourneyStack;
beforeAll(async () => {
  stack = await startJourney({ households: 12 });
  await leaveWork();
});
afterAll(() => stack.stop());

/** In a district this small nobody may happen to be referred or to have a task. */
async function leaveWork(): Promise<void> {
  const people = await stack.read('health-worker-1', '{ patients { edges { node { id } } } }');
  const { edges } = people['patients'] as { edges: { node: { id: string } }[] };
  const patientId = edges[0]?.node.id;
  const task = { id: stack.newId(), patientId, kind: 'FOLLOW_UP', dueOn: '2030-01-01' };
  await stack.read(
    'health-worker-1',
    `mutation ($operation: OperationInput!, $input: CreateTaskInput!) {
      createTask(operation: $operation, input: $input) { verdict }
    }`,
    { operation: stack.operation(), input: task },
  );
  const toInstitutionId = stack.district.territory.hospital.id;
  const why = { urgency: 'ROUTINE', reason: 'A second opinion' };
  await stack.read(
    'clinician-1',
    `mutation ($operation: OperationInput!, $input: ReferPatientInput!) {
      referPatient(operation: $operation, input: $input) { verdict }
    }`,
    {
      operation: stack.operation(),
      input: { id: stack.newId(), patientId, toInstitutionId, ...why },
    },
  );
}

test.each(examples.map(({ id, role, query }) => [id, role, query] as const))(
  '%s answers everyone whom the explorer offers it',
  async (_id, role, query) => {
    const people = demoActors(stack.district).filter(
      ({ featured, roles }) => featured && (role === 'everyone' || roles.includes(role as never)),
    );
    expect(people.length).toBeGreaterThan(0);
    /** Root fields that showed something to someone. */
    const shown = new Map<string, boolean>();
    for (const { key, areaRoots, roles } of people) {
      const filled = fillBlanks(query, { areaId: areaRoots[0], deviceId: undefined });
      const { data, errors } = await stack.ask(key, filled);
      expect(errors, key).toEqual([]);
      for (const [field, value] of Object.entries(data ?? {})) {
        // A partner system is no member of staff.
        if (!roles.includes('partner')) expect(value, `${key} ${field}`).not.toBeNull();
        const empty = JSON.stringify(value).startsWith('{"edges":[]');
        shown.set(field, (shown.get(field) ?? false) || (value !== null && !empty));
      }
    }
    expect([...shown].filter(([, any]) => !any)).toEqual([]);
  },
);
