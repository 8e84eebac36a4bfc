import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** Who reaches whom, asked at the router: every allow has its deny. */

interface Person {
  readonly id: string;
  readonly areaId: string;
  readonly institutionId: string;
}

let stack: JourneyStack;
/** Somebody with a checkup, and somebody with a prescription, in the village of health-worker-1. */
let near: Person & { checkupId: string; householdId: string };
beforeAll(async () => {
  stack = await startJourney({ households: 12 });
  const [areaId] = stack.actor('health-worker-1').areaRoots;
  const data = await stack.read(
    'health-worker-1',
    `query ($areaId: UUID) { patients(areaId: $areaId, first: 200) { edges { node {
      id areaId householdId institution { id } latestCheckup { id } } } } }`,
    { areaId },
  );
  const { edges } = data['patients'] as {
    edges: {
      node: {
        id: string;
        areaId: string;
        householdId: string;
        institution: { id: string };
        latestCheckup: { id: string } | null;
      };
    }[];
  };
  const found = edges.find(({ node }) => node.latestCheckup)?.node;
  if (!found?.latestCheckup) throw new Error('nobody was examined in the first village');
  near = {
    id: found.id,
    areaId: found.areaId,
    householdId: found.householdId,
    institutionId: found.institution.id,
    checkupId: found.latestCheckup.id,
  };
});
afterAll(() => stack.stop());

const byId = `query ($id: UUID!, $checkup: UUID!, $household: UUID!) {
  patient(id: $id) { id }
  checkup(id: $checkup) { id }
  household(id: $household) { id }
}`;

const readById = async (actor: string) => {
  const { checkupId: checkup, householdId: household, id } = near;
  const { data, errors } = await stack.ask(actor, byId, { id, checkup, household });
  return { data, codes: [...new Set(errors.map(({ extensions }) => extensions.code))] };
};

describe('by id', () => {
  test.each(['health-worker-1', 'supervisor-1', 'clinician-1', 'hospital-clinician-1', 'partner'])(
    '%s, whose area it is, reads the record',
    async (actor) => {
      expect(await readById(actor)).toEqual({
        data: {
          patient: { id: near.id },
          checkup: { id: near.checkupId },
          household: { id: near.householdId },
        },
        codes: [],
      });
    },
  );

  test.each(['health-worker-2', 'health-worker-3', 'supervisor-2', 'clinician-2'])(
    'for %s, of another village or institution, there is nobody',
    async (actor) => {
      const nobody = { patient: null, checkup: null, household: null };
      expect(await readById(actor)).toEqual({ data: nobody, codes: [] });
    },
  );

  test('out of scope answers as what never was', async () => {
    const [patient, nobody] = await Promise.all(
      [near.id, stack.newId()].map((id) =>
        stack.ask('health-worker-2', `query ($id: UUID!) { patient(id: $id) { id name } }`, { id }),
      ),
    );
    expect(patient).toEqual(nobody);
  });

  test('a pharmacist reads who it is, and no checkup', async () => {
    const { data, codes } = await readById('pharmacist-1');
    expect(data).toMatchObject({ patient: { id: near.id }, checkup: null });
    expect(codes).toEqual(['FORBIDDEN']);
  });

  test.each(['auditor', 'institution-admin', 'platform-admin'])(
    '%s reads no record at all',
    async (actor) => {
      const { data, codes } = await readById(actor);
      expect(data).toEqual({ patient: null, checkup: null, household: null });
      expect(codes).toEqual(['FORBIDDEN']);
    },
  );
});

async function idsOf(actor: string, list: string): Promise<string[]> {
  const data = await stack.read(actor, `{ list: ${list}(first: 200) { edges { node { id } } } }`);
  const { edges } = data['list'] as { edges: { node: { id: string } }[] };
  return edges.map(({ node }) => node.id);
}

describe('lists', () => {
  test.each([
    ['patients', () => near.id],
    ['checkups', () => near.checkupId],
    ['households', () => near.householdId],
  ])('%s hold the own villages and no other', async (list, wanted) => {
    const own = await idsOf('health-worker-1', list);
    const others = await idsOf('health-worker-2', list);
    expect(own).toContain(wanted());
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter((id) => own.includes(id))).toEqual([]);
    // The supervisor of the block has both villages, the one of the other block neither.
    expect(await idsOf('supervisor-1', list)).toEqual(expect.arrayContaining([...own, ...others]));
    const away = await idsOf('supervisor-2', list);
    expect(away.length).toBeGreaterThan(0);
    expect(away.filter((id) => own.includes(id))).toEqual([]);
  });

  test('a filter narrows the scope and never widens it', async () => {
    const query = `query ($areaId: UUID) { patients(areaId: $areaId) { edges { node { id } } } }`;
    const { areaId } = near;
    const own = await stack.read('health-worker-1', query, { areaId });
    expect(own).toMatchObject({ patients: { edges: expect.arrayContaining([expect.anything()]) } });
    const foreign = await stack.read('health-worker-2', query, { areaId });
    expect(foreign).toEqual({ patients: { edges: [] } });
  });

  test('events are for who audits an institution, and patients there without names', async () => {
    const query = `query ($patientId: UUID) {
      auditEvents(patientId: $patientId, first: 5) {
        edges { node { accesses { edges { node { patient { id } } } } } }
      }
    }`;
    const patientId = near.id;
    await stack.settle();
    for (const actor of ['auditor', 'institution-admin']) {
      expect(await stack.read(actor, query, { patientId })).toMatchObject({
        auditEvents: { edges: expect.arrayContaining([expect.anything()]) },
      });
      const named = await stack.ask(actor, query.replace('{ id }', '{ id name }'), { patientId });
      expect(named.errors.map(({ extensions }) => extensions.code)).toContain('FORBIDDEN');
      expect(JSON.stringify(named.data)).not.toMatch(/"name":"/);
    }
    for (const actor of ['clinician-1', 'health-worker-1', 'pharmacist-1', 'partner']) {
      const refused = await stack.ask(actor, query, { patientId });
      expect(refused.data?.['auditEvents'] ?? null, actor).toBeNull();
      expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
  });
});

describe('nested', () => {
  test('a road through an open entity does not lead into a closed record', async () => {
    // Anybody may name a checkup's or a prescription's patient, if the prescription is in reach.
    const query = `query ($id: UUID!) { checkup(id: $id) { patient { id name household { id } } } }`;
    const { checkupId: id } = near;
    expect(await stack.read('health-worker-1', query, { id })).toMatchObject({
      checkup: { patient: { id: near.id, household: { id: near.householdId } } },
    });
    expect(await stack.read('health-worker-2', query, { id })).toEqual({ checkup: null });
  });

  test('fields of another subgraph ask for their own permission', async () => {
    const query = `query ($id: UUID!) {
      patient(id: $id) { name prescriptions { edges { node { id } } }
        checkups { edges { node { id } } } accessHistory { edges { node { requestId } } } }
    }`;
    const { id } = near;
    const clinician = await stack.ask('clinician-1', query, { id });
    expect(clinician.errors).toEqual([]);
    expect(clinician.data).toMatchObject({
      patient: { checkups: { edges: expect.any(Array) }, accessHistory: expect.any(Object) },
    });
    const pharmacist = await stack.ask('pharmacist-1', query, { id });
    expect(pharmacist.data).toMatchObject({
      patient: {
        name: expect.any(String),
        prescriptions: { edges: expect.any(Array) },
        checkups: null,
        accessHistory: null,
      },
    });
    expect(pharmacist.errors.map(({ extensions }) => extensions.code)).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
    ]);
  });

  test('the contact of staff is for their colleagues', async () => {
    const query = `query ($id: UUID!) { staffMember(id: $id) { name contact } }`;
    const { staffId: id } = stack.actor('health-worker-1');
    const colleague = await stack.read('supervisor-1', query, { id });
    expect(colleague).toMatchObject({ staffMember: { contact: expect.stringMatching(/^\+/) } });
    const stranger = await stack.read('clinician-2', query, { id });
    expect(stranger).toMatchObject({ staffMember: { name: expect.any(String), contact: null } });
  });
});

describe('what only subgraphs say to each other', () => {
  test.each([
    ['_entities', `{ _entities(representations: []) { __typename } }`],
    ['_service', `{ _service { sdl } }`],
  ])('%s is not there', async (_name, query) => {
    const { status, data, errors } = await stack.ask('clinician-1', query);
    expect(status).toBe(400);
    expect(data ?? null).toBeNull();
    expect(errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('writes', () => {
  const update = (actor: string, patientId: string) =>
    stack.ask(
      actor,
      `mutation ($operation: OperationInput!, $input: UpdatePatientInput!) {
        updatePatient(operation: $operation, input: $input) { verdict patient { id } }
      }`,
      { operation: stack.operation(), input: { patientId, address: 'By the well' } },
    );
  const address = async () =>
    stack.read('clinician-1', `query ($id: UUID!) { patient(id: $id) { address version } }`, {
      id: near.id,
    });

  test('reach the own people and nobody else’s', async () => {
    const before = await address();
    const foreign = await update('health-worker-2', near.id);
    expect(foreign.data?.['updatePatient']).not.toMatchObject({ verdict: 'APPLIED' });
    expect(JSON.stringify(foreign.data)).not.toContain('"patient":{');
    expect(await address()).toEqual(before);
    const own = await update('health-worker-1', near.id);
    expect(own.data).toMatchObject({ updatePatient: { verdict: 'APPLIED' } });
    expect(await address()).toMatchObject({ patient: { address: 'By the well' } });
  });

  test.each(['pharmacist-1', 'partner', 'auditor', 'platform-admin', 'institution-admin'])(
    '%s changes no patient',
    async (actor) => {
      const before = await address();
      const { errors } = await update(actor, near.id);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
      expect(await address()).toEqual(before);
    },
  );
});
