import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoreName } from '@caregraph/database';
import { createGate, type Gate } from './test-gate.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** A store goes away under a running deployment, and comes back. */

let stack: JourneyStack;
const gates = new Map<StoreName, Gate>();
beforeAll(async () => {
  stack = await startJourney({
    households: 4,
    reach: async (store, target) => {
      const gate = await createGate(target);
      gates.set(store, gate);
      return gate.target;
    },
  });
});
afterAll(async () => {
  await stack.stop();
  for (const gate of gates.values()) await gate.close();
});

const record = `{
  patients(first: 3) {
    edges {
      node {
        name
        checkups(first: 2) { edges { node { id } } }
        prescriptions(first: 2) { edges { node { id } } }
        accessHistory(first: 2) { edges { node { requestId } } }
        registeredBy { name }
      }
    }
  }
}`;

function gateOf(store: StoreName): Gate {
  const gate = gates.get(store);
  if (!gate) throw new Error(`no gate before ${store}`);
  return gate;
}

const ready = async () => {
  const answer = await fetch(`${stack.url}/ready`);
  return { status: answer.status, body: await answer.json() };
};

test.each([
  ['clinical', 'checkups'],
  ['prescription', 'prescriptions'],
  ['audit', 'accessHistory'],
  ['institution', 'registeredBy'],
] as const)(
  'without %s the rest is there, and the answer says what is not',
  async (store, field) => {
    const whole = await stack.ask('clinician-1', record);
    expect(whole.errors).toEqual([]);
    await gateOf(store).close();
    try {
      const partial = await stack.ask('clinician-1', record);
      const { edges } = partial.data?.['patients'] as {
        edges: { node: Record<string, unknown> }[];
      };
      expect(edges).toHaveLength(3);
      for (const { node } of edges) {
        expect(node['name']).toEqual(expect.any(String));
        // Never an empty list: that would say that there is nothing.
        if (field === 'registeredBy') expect(node[field] ?? null).toBeNull();
        else expect(node[field]).toBeNull();
      }
      expect(partial.errors.length).toBeGreaterThan(0);
      for (const { extensions } of partial.errors) {
        expect(extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', subgraph: store });
      }
      expect(await ready()).toMatchObject({
        status: 503,
        body: { ready: false, subgraphs: { patient: 'up', [store]: 'down' } },
      });
    } finally {
      await gateOf(store).open();
    }
    await expect
      .poll(async () => (await stack.ask('clinician-1', record)).errors, { timeout: 15_000 })
      .toEqual([]);
    await expect
      .poll(ready, { timeout: 15_000 })
      .toMatchObject({ status: 200, body: { ready: true } });
  },
);

test('without patient there is no list and not an empty one, and what was missed arrives later', async () => {
  await gateOf('patient').close();
  try {
    const { data, errors } = await stack.ask('clinician-1', record);
    expect(data?.['patients'] ?? null).toBeNull();
    expect(errors[0]?.extensions).toMatchObject({ subgraph: 'patient' });
    expect(await ready()).toMatchObject({ body: { subgraphs: { patient: 'down', audit: 'up' } } });
  } finally {
    await gateOf('patient').open();
  }
  await expect
    .poll(async () => (await stack.ask('clinician-1', record)).errors, { timeout: 15_000 })
    .toEqual([]);
  await stack.settle();
});

test('logs of all that hold no patient data', async () => {
  const text = stack.log.join('\n');
  expect(text).toContain('"subgraph"');
  const { patients } = await stack.read('clinician-1', `{ patients { edges { node { name } } } }`);
  const { edges } = patients as { edges: { node: { name: string } }[] };
  for (const { node } of edges) expect(text).not.toContain(node.name);
});
