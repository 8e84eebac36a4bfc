import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFullProfile, processNames, type FullProfile } from './test-full-profile.ts';
import { startProcess } from './test-process.ts';
import { writing } from './test-stack.ts';

/** Five subgraphs, identity and two routers, each a process of its own, over HTTP. */

let full: FullProfile;
beforeAll(async () => {
  full = await startFullProfile();
});
afterAll(() => full.stop());

const timeline = `{
  patients(first: 50) {
    edges {
      node {
        name
        institution { name }
        latestCheckup { recordedBy { name } }
        prescriptions(first: 1) { edges { node { state } } }
        accessHistory(first: 3) { edges { node { purpose actor { name } } } }
      }
    }
  }
}`;

test('one query is answered from five processes, and events have travelled', async () => {
  const { data, errors } = await full.ask('hospital-clinician-1', timeline);
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    patients: {
      edges: expect.arrayContaining([
        {
          node: {
            name: expect.any(String),
            institution: { name: expect.any(String) },
            latestCheckup: { recordedBy: { name: expect.any(String) } },
            prescriptions: { edges: expect.any(Array) },
            accessHistory: {
              edges: expect.arrayContaining([
                { node: { purpose: 'treatment', actor: { name: expect.any(String) } } },
              ]),
            },
          },
        },
      ]),
    },
  });
});

test('a record that one process opens, another shows', async () => {
  const someone = '{ patients(first: 1) { edges { node { id } } } }';
  const found = (await full.ask('clinician-1', someone)).data?.['patients'];
  const id = (found as { edges: { node: { id: string } }[] }).edges[0]?.node.id;
  const read = (headers: Record<string, string> = {}) =>
    full.ask(
      'clinician-2',
      'query ($id: UUID!) { patient(id: $id) { checkups { edges { cursor } } } }',
      {
        ...{ id },
      },
      { headers },
    );
  expect((await read()).data).toEqual({ patient: null });
  const opened = await full.ask(
    'clinician-2',
    `mutation ($operation: OperationInput!, $input: BreakGlassInput!) {
      breakGlass(operation: $operation, input: $input) { grant }
    }`,
    {
      operation: writing().operation(),
      input: { patientId: id, reason: 'EMERGENCY', justification: 'Brought in after a fall.' },
    },
  );
  expect(opened.errors).toEqual([]);
  const { grant } = opened.data?.['breakGlass'] as { grant: string };
  const { data, errors } = await read({ 'x-break-glass': grant });
  expect(errors).toEqual([]);
  expect(data).toMatchObject({ patient: { checkups: { edges: expect.any(Array) } } });
  const forged = await read({ 'x-break-glass': `${grant.slice(0, -9)}AAAAAAAAA` });
  expect(forged.data).toEqual({ patient: null });
});

const ready = async () => {
  const answer = await fetch(`${full.urlOf('router')}/ready`);
  return { status: answer.status, body: await answer.json() };
};

test('a subgraph that is killed is missed by name, and is back when it starts again', async () => {
  expect(await ready()).toMatchObject({ status: 200 });
  full.processOf('clinical').kill('SIGKILL');
  await full.processOf('clinical').ended;
  const { data, errors } = await full.ask('hospital-clinician-1', timeline);
  const { edges } = data?.['patients'] as { edges: { node: Record<string, unknown> }[] };
  expect(edges.length).toBeGreaterThan(0);
  for (const { node } of edges) {
    expect(node).toMatchObject({ name: expect.any(String), latestCheckup: null });
  }
  expect(errors.map(({ extensions }) => extensions)).toEqual([
    expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE', subgraph: 'clinical' }),
  ]);
  expect(await ready()).toMatchObject({
    status: 503,
    body: { subgraphs: { clinical: 'down', patient: 'up' } },
  });

  await full.start('clinical');
  await expect
    .poll(async () => (await full.ask('hospital-clinician-1', timeline)).errors, {
      timeout: 20_000,
    })
    .toEqual([]);
  expect(await ready()).toMatchObject({ status: 200 });
  // What patient committed meanwhile is carried to it after all.
  await full.settle();
});

test('a taken port is said in a line, and nothing keeps running', async () => {
  const second = full.startAgain('patient');
  expect(await second.ended).toBe(1);
  const said = second.stderr() + second.stdout();
  expect(said).toContain(`PORT_TAKEN: port ${new URL(full.urlOf('patient')).port}`);
  expect(await ready()).toMatchObject({ status: 200 });
});

test('a missing secret is named and stops the start', async () => {
  const bare = startProcess(['subgraphs/patient/src/main.ts'], { PORT: '0' });
  expect(await bare.ended).toBe(1);
  for (const name of ['DATABASE_URL', 'TOKEN_ISSUER', 'OPERATION_HASH_KEY', 'EVENT_DELIVERY_KEY']) {
    expect(bare.stderr() + bare.stdout()).toContain(name);
  }
});

test('SIGTERM ends every process with 0', async () => {
  for (const name of processNames.toReversed()) {
    full.processOf(name).kill('SIGTERM');
    expect(await full.processOf(name).ended, name).toBe(0);
  }
});
