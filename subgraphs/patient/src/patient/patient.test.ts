import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countRequestStatements } from '@caregraph/testbed';
import { accessesOf, createTestDistrict, type TestDistrict } from '../test-district.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

interface Page {
  edges: { node: { id: string; name: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function list(token: string, args: string): Promise<Page> {
  const query = `{ patients(${args}) { edges { node { id name } } pageInfo { hasNextPage endCursor } } }`;
  const answer = await d.ask(token, query);
  expect(answer.errors).toEqual([]);
  return answer.data?.['patients'] as Page;
}

const names = (page: Page) => page.edges.map(({ node }) => node.name);

describe('scope', () => {
  const everyWay = (patientId: string) => `{
    patient(id: "${patientId}") { name }
    patients(first: 200) { edges { node { id } } }
    _entities(representations: [{ __typename: "Patient", id: "${patientId}" }]) {
      ... on Patient { name identifiers { value } }
    }
  }`;

  test('shows people of the own areas, and nobody else', async () => {
    const { id: patientId } = await d.register();
    const own = await d.ask(d.worker, everyWay(patientId));
    expect(own.data).toMatchObject({
      patient: { name: 'Rehana Begum' },
      _entities: [{ name: 'Rehana Begum' }],
    });
    for (const token of [d.foreign, d.southern]) {
      const answer = await d.ask(token, everyWay(patientId));
      expect(answer.errors).toEqual([]);
      expect(answer.data).toEqual({ patient: null, patients: { edges: [] }, _entities: [null] });
    }
  });

  test('a clinician sees who is registered at the institution, wherever they live', async () => {
    const { id: patientId } = await d.register();
    const clinician = (institutionId: string) =>
      d.graph.token({ roles: ['clinician'], institutionId, areaRoots: [d.abroad] });
    const query = `{ patient(id: "${patientId}") { name } }`;
    const own = await d.ask(await clinician(d.institutionId), query);
    expect(own.data).toEqual({ patient: { name: 'Rehana Begum' } });
    const other = await d.ask(await clinician(id()), query);
    expect(other.data).toEqual({ patient: null });
  });

  test('who may not read is refused, also through entities', async () => {
    const { id: patientId } = await d.register();
    const admin = await d.graph.token({ roles: ['institution_admin'], areaRoots: [d.district] });
    const fields = [
      `patient(id: "${patientId}") { name }`,
      'patients { edges { node { name } } }',
      'patientByIdentifier(type: CARD, value: "x") { name }',
      `household(id: "${patientId}") { address }`,
      'households { edges { node { address } } }',
      ...['Patient', 'Household', 'Identifier', 'Relationship'].map(
        (type) =>
          `_entities(representations: [{ __typename: "${type}", id: "${patientId}" }]) { __typename }`,
      ),
    ];
    for (const field of fields) {
      const answer = await d.ask(admin, `{ ${field} }`);
      expect(answer.errors[0]?.extensions.code, field).toBe('FORBIDDEN');
    }
  });
});

describe('filters', () => {
  beforeAll(async () => {
    await d.register({ name: 'Sunita Devi', phone: '+91 98111 22233', birthDate: '1985-06-01' });
    await d.register({ name: 'सुनीता कुमारी', sex: 'OTHER', birthDate: '1992-06-01' });
    await d.register({ name: 'Mohammed Irfan', sex: 'MALE', areaId: d.south });
    await d.register({ name: 'Md. Salim', sex: 'MALE', deceased: true });
  });

  test.each([
    ['bornFrom: "1990-01-01"', ['सुनीता कुमारी']],
    ['bornTo: "1985-06-01"', ['Sunita Devi']],
    ['status: DECEASED', ['Md. Salim']],
    ['sex: OTHER', ['सुनीता कुमारी']],
  ])('%s', async (args, found) => {
    expect(names(await list(d.worker, args))).toEqual(found);
  });

  test('an area has those of everything below it', async () => {
    const living = async (areaId: string) => names(await list(d.worker, `areaId: "${areaId}"`));
    expect(await living(d.south)).toEqual(['Mohammed Irfan']);
    expect(await living(d.district)).toContain('Mohammed Irfan');
    expect(await living(d.north)).not.toContain('Mohammed Irfan');
    expect(await living(d.abroad)).toEqual([]);
  });

  test('a name or a number is no filter of a list: searchPatients has them', async () => {
    for (const asked of ['name: "sunita"', 'phone: "9811122233"']) {
      const answer = await d.ask(d.worker, `{ patients(${asked}) { edges { node { id } } } }`);
      expect(answer.errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    }
  });
});

describe('pages', () => {
  test('stay stable under inserts, and a cursor fits only its own list', async () => {
    const scope = async () => {
      const householdId = id();
      await d.write(d.worker, 'registerHousehold', { id: householdId, areaId: d.north });
      return householdId;
    };
    const householdId = await scope();
    const ids = Array.from({ length: 6 }, () => id());
    const [a, b, c, e, f, g] = ids;
    for (const one of [b, e, g]) await d.register({ id: one, householdId });
    const first = await list(d.worker, `householdId: "${householdId}", first: 2`);
    expect(first.edges.map(({ node }) => node.id)).toEqual([b, e]);
    for (const one of [a, c, f]) await d.register({ id: one, householdId });
    const rest = `householdId: "${householdId}", first: 2, after: "${first.pageInfo.endCursor}"`;
    const second = await list(d.worker, rest);
    expect(second.edges.map(({ node }) => node.id)).toEqual([f, g]);
    expect(second.pageInfo.hasNextPage).toBe(false);
    const foreign = await d.ask(
      d.worker,
      `{ patients(after: "${first.pageInfo.endCursor}") { edges { cursor } } }`,
    );
    expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
  });

  test.each([0, 201])('refuse first: %i', async (first) => {
    const answer = await d.ask(d.worker, `{ patients(first: ${first}) { edges { cursor } } }`);
    expect(answer.errors[0]?.extensions.code).toBe('PAGE_SIZE_INVALID');
  });
});

test('a read leaves one audit row that names what was shown of whom', async () => {
  const [shown, next] = [id(), id()];
  const householdId = id();
  await d.write(d.worker, 'registerHousehold', { id: householdId, areaId: d.north });
  const identifiers = [{ id: id(), type: 'OTHER', value: `A${id()}` }];
  await d.register({ id: shown, householdId, identifiers });
  await d.register({ id: next, householdId });
  const before = (await accessesOf(d.graph, next)).length;
  const query = `{ patients(householdId: "${householdId}", first: 1) {
    edges { node { name identifiers { value } } }
  } }`;
  await d.ask(d.worker, query);
  const reads = (await accessesOf(d.graph, shown)).filter((one) => one['action'] === 'READ');
  // The receipt of the registration has shown the person before.
  expect(reads).toMatchObject([
    { operation: 'registerPatient' },
    {
      operation: 'patients',
      actor: { id: d.workerId },
      accesses: [{ patientId: shown, types: ['Patient', 'Identifier'] }],
    },
  ]);
  // The row that only tells of a next page was not shown to anybody.
  expect(await accessesOf(d.graph, next)).toHaveLength(before);
});

test('the number of statements does not grow with the number of people', async () => {
  const householdId = id();
  await d.write(d.worker, 'registerHousehold', { id: householdId, areaId: d.north });
  let mother: string | undefined;
  for (let n = 0; n < 50; n += 1) {
    const identifiers = [{ id: id(), type: 'OTHER', value: `S${id()}` }];
    const { id: patientId } = await d.register({ householdId, identifiers });
    const relation = { id: id(), fromPatientId: mother, toPatientId: patientId, kind: 'CAREGIVER' };
    if (mother !== undefined) await d.write(d.worker, 'relatePatients', relation);
    mother ??= patientId;
  }
  const query = `query ($householdId: UUID!, $first: Int!) {
    patients(householdId: $householdId, first: $first) { edges { node {
      name identifiers { value }
      household { label head { name } members { name } }
      relationships { kind fromPatient { name } toPatient { name } }
    } } }
  }`;
  const count = async (first: number) =>
    (
      await countRequestStatements(d.graph.pool, () =>
        d.ask(d.worker, query, { householdId, first }),
      )
    ).count;
  await count(50);
  expect(await count(50)).toBe(await count(5));
});

test('a partner system whose id is no UUID is answered by its scope alone', async () => {
  const { id: patientId } = await d.register();
  const partner = await d.graph.token({
    id: 'lab-client',
    roles: ['partner'],
    institutionId: d.institutionId,
  });
  const answer = await d.ask(partner, `{ patient(id: "${patientId}") { name } }`);
  expect(answer.errors).toEqual([]);
  expect(answer.data).toEqual({ patient: { name: 'Rehana Begum' } });
});
