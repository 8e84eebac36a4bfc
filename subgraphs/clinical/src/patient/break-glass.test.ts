import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';

/** What a grant for one patient's record reaches here: all of theirs, and of nobody else. */

type Json = Record<string, unknown>;

let graph: TestDistrict;
let clinicianId: string;
let clinician: string;
beforeAll(async () => {
  graph = await startTestDistrict();
  clinicianId = graph.ids.next();
  clinician = await graph.token({ id: clinicianId, roles: ['clinician'] });
});
afterAll(() => graph.stop());

const checkup = (patientId: string) => ({
  id: graph.ids.next(),
  patientId,
  visitType: 'GENERAL',
  vitals: { pulsePerMin: 80 },
});

const record = `query ($id: UUID!, $of: [_Any!]!) {
  checkup(id: $id) { id }
  all: checkups(first: 200) { edges { node { id } } }
  _entities(representations: $of) { ... on Patient {
    checkups { edges { node { id } } } latestCheckup { id } tasks { edges { node { id } } }
    pregnancies { edges { node { id } } } immunizations { edges { node { id } } }
    referrals { edges { node { id } } }
  } }
}`;

async function read(patientId: string, id: string, headers: Readonly<Record<string, string>> = {}) {
  const variables = { id, of: [{ __typename: 'Patient', id: patientId }] };
  const { data, errors } = await graph.ask(clinician, record, variables, headers);
  expect(errors).toEqual([]);
  const { all, _entities, ...rest } = data as Json & {
    all: { edges: { node: { id: string } }[] };
    _entities: Json[];
  };
  return { ...rest, all: all.edges.map(({ node }) => node.id), patient: _entities[0] };
}

async function write(headers: Readonly<Record<string, string>>, name: string, input: Json) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  const mutation = `mutation ($operation: OperationInput!, $input: ${type}) {
    ${name}(operation: $operation, input: $input) { verdict problems { code } }
  }`;
  const variables = { operation: graph.operation(), input };
  const { data, errors } = await graph.ask(clinician, mutation, variables, headers);
  expect(errors).toEqual([]);
  return data?.[name] as Json;
}

test('it reaches every list of the patient, and the lists of all show this one besides', async () => {
  const [patientId, neighbourId] = [await graph.patient(), await graph.patient()];
  const [theirs, neighbours] = [checkup(patientId), checkup(neighbourId)];
  await graph.write('recordCheckup', theirs);
  await graph.write('recordCheckup', neighbours);
  const headers = await graph.grant(clinicianId, patientId);
  const hidden = { checkups: null, latestCheckup: null, tasks: null, pregnancies: null };
  expect(await read(patientId, theirs.id)).toMatchObject({
    checkup: null,
    all: [],
    patient: hidden,
  });
  expect(await read(patientId, theirs.id, headers)).toEqual({
    checkup: { id: theirs.id },
    all: [theirs.id],
    patient: {
      checkups: { edges: [{ node: { id: theirs.id } }] },
      latestCheckup: { id: theirs.id },
      tasks: { edges: [] },
      pregnancies: { edges: [] },
      immunizations: { edges: [] },
      referrals: { edges: [] },
    },
  });
  const others = await read(neighbourId, neighbours.id, headers);
  expect(others).toMatchObject({ checkup: null, all: [theirs.id], patient: hidden });
});

test('it lets facts be recorded and amended, marked as such, and shows them no longer than it lasts', async () => {
  const [patientId, neighbourId] = [await graph.patient(), await graph.patient()];
  const theirs = checkup(patientId);
  await graph.write('recordCheckup', theirs);
  const headers = await graph.grant(clinicianId, patientId);
  const own = checkup(patientId);
  expect(await write(headers, 'recordCheckup', own)).toMatchObject({ verdict: 'APPLIED' });
  const amendment = {
    ...{ id: graph.ids.next(), amendsId: theirs.id },
    ...{ reason: 'MEASUREMENT_ERROR', vitals: { pulsePerMin: 81 } },
  };
  expect(await write(headers, 'amendCheckup', amendment)).toMatchObject({ verdict: 'APPLIED' });
  expect(await write(headers, 'recordCheckup', checkup(neighbourId))).toMatchObject({
    verdict: 'QUARANTINED',
    problems: [{ code: 'OUT_OF_SCOPE_KEPT' }],
  });
  expect(await read(patientId, own.id)).toMatchObject({ checkup: null, all: [] });
  const marks = (await graph.accesses(patientId))
    .filter((one) => one['action'] === 'WRITE')
    .map((one) => (one['breakGlass'] as Json | undefined)?.['patientId']);
  expect(marks).toEqual([undefined, patientId, patientId]);
  const neighbours = await graph.accesses(neighbourId);
  expect(neighbours.map((one) => one['breakGlass'])).toEqual([undefined]);
});

test('of a patient who has not arrived here it shows nothing that others recorded', async () => {
  const patientId = graph.ids.next();
  const strangers = checkup(patientId);
  expect(await graph.write('recordCheckup', strangers)).toMatchObject({ verdict: 'PROVISIONAL' });
  const headers = await graph.grant(clinicianId, patientId);
  expect(await read(patientId, strangers.id, headers)).toMatchObject({ checkup: null, all: [] });
  const own = checkup(patientId);
  expect(await write(headers, 'recordCheckup', own)).toMatchObject({ verdict: 'PROVISIONAL' });
  expect(await read(patientId, own.id, headers)).toMatchObject({
    checkup: { id: own.id },
    all: [own.id],
  });
  await graph.patient({ patientId });
  const { all } = await read(patientId, strangers.id, headers);
  expect(all.toSorted()).toEqual([strangers.id, own.id].toSorted());
});
