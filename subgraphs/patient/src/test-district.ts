import { createTestSubgraph, type TestAnswer, type TestSubgraph } from '@caregraph/testbed';
import { createPatientSubgraph } from './index.ts';

type Row = Record<string, unknown>;

/** What every receipt is asked for in tests. */
const receipt = 'operationId verdict replayed problems { code field }';

const entityOf: Readonly<Record<string, string>> = {
  addIdentifier: 'identifier { id type system value status version patient { id } }',
  retireIdentifier: 'identifier { id status version }',
  registerHousehold: 'household { id areaId label address version head { id } members { id } }',
  updateHousehold:
    'household { id areaId label address version head { id } members { id areaId } }',
  relatePatients: 'relationship { id kind status fromPatient { id } toPatient { id } }',
  endRelationship: 'relationship { id status endedOn version }',
};

const patientFields = `patient {
  id name address phone sex birthDate birthDateEstimated deceasedOn preferredLanguage status version
  areaId householdId area { id } institution { id } registeredBy { id } mergedInto { id }
  identifiers { id type value status }
}`;

export interface TestDistrict {
  readonly graph: TestSubgraph;
  readonly district: string;
  readonly north: string;
  readonly south: string;
  /** A village of another district. */
  readonly abroad: string;
  readonly workerId: string;
  readonly institutionId: string;
  /** A health worker of the district. */
  readonly worker: string;
  /** A health worker of the southern village alone. */
  readonly southern: string;
  /** A health worker of another district. */
  readonly foreign: string;
  /** Sends one operation and gives its receipt. */
  write(token: string, name: string, input: Row, stamp?: Row): Promise<Row>;
  ask(token: string, query: string, variables?: Row): Promise<TestAnswer>;
  /** Registers someone in the northern village. */
  register(over?: Row, token?: string): Promise<Row & { id: string }>;
}

/** A district with two villages, a village elsewhere, and health workers who work in them. */
export async function createTestDistrict(): Promise<TestDistrict> {
  const graph = await createTestSubgraph('patient', createPatientSubgraph);
  const id = () => graph.ids.next();
  const [district, north, south, abroad] = [id(), id(), id(), id()];
  const paths = [[district], [district, north], [district, south], [abroad]];
  await placeAreas(
    graph,
    paths.map((ancestors) => ({ ancestors, districtId: String(ancestors[0]) })),
  );
  const [workerId, institutionId] = [id(), id()];
  const tokenFor = (areaRoots: string[], over: Row = {}) => graph.token({ areaRoots, ...over });
  const worker = await tokenFor([district], { id: workerId, institutionId });
  const write: TestDistrict['write'] = async (token, name, input, stamp = {}) => {
    const answer = await graph.ask(token, mutationOf(name), {
      operation: graph.operation(stamp),
      input,
    });
    if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors));
    return answer.data?.[name] as Row;
  };
  return {
    ...{ graph, district, north, south, abroad, workerId, institutionId, worker, write },
    southern: await tokenFor([south]),
    foreign: await tokenFor([abroad]),
    ask: graph.ask,
    async register(over = {}, token = worker) {
      const input = { id: id(), name: 'Rehana Begum', sex: 'FEMALE', areaId: north, ...over };
      const answer = await write(token, 'registerPatient', input);
      if (answer['verdict'] !== 'APPLIED') throw new Error(JSON.stringify(answer));
      return input;
    },
  };
}

export function mutationOf(name: string): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  return `mutation ($operation: OperationInput!, $input: ${type}) {
    ${name}(operation: $operation, input: $input) { ${receipt} ${entityOf[name] ?? patientFields} }
  }`;
}

/** An area as the institution subgraph tells of it. */
export interface PlacedArea {
  /** Root first, the area itself last. */
  readonly ancestors: readonly string[];
  readonly districtId?: string;
  readonly version?: number;
}

/** Tells the subgraph of areas. */
export async function placeAreas(
  { subgraph, ids }: TestSubgraph,
  areas: readonly PlacedArea[],
): Promise<void> {
  await subgraph.consumer.receive(
    areas.map(({ ancestors, version = 1, ...told }) => ({
      specversion: '1.0',
      id: ids.next(),
      type: 'org.caregraph.area.placed.v1',
      source: 'caregraph/institution',
      subject: String(ancestors.at(-1)),
      time: new Date().toISOString(),
      data: { areaId: ancestors.at(-1), ancestors, version, ...told },
    })),
  );
}

/** The events of a subject that wait in the outbox, oldest first. */
export async function placedEvents(graph: TestSubgraph, patientId: string): Promise<Row[]> {
  const { rows } = await graph.pool.query<{ data: Row }>(
    `SELECT data FROM outbox_event WHERE type = 'org.caregraph.patient.placed.v1' AND subject = $1
     ORDER BY position`,
    [patientId],
  );
  return rows.map((row) => row.data);
}

/** What the change log tells of an entity, oldest first. */
export async function changesOf(graph: TestSubgraph, entityId: string): Promise<Row[]> {
  const { rows } = await graph.pool.query<Row>(
    `SELECT typename, version, area_before AS before, area_after AS after FROM change_log_entry
     WHERE entity_id = $1 ORDER BY position`,
    [entityId],
  );
  return rows;
}

/** The audit intents that name a patient, oldest first. */
export async function accessesOf(graph: TestSubgraph, patientId: string): Promise<Row[]> {
  const { rows } = await graph.pool.query<{ data: Row }>(
    `SELECT data FROM outbox_event WHERE type = 'org.caregraph.record.accessed.v1'
       AND data->'accesses' @> jsonb_build_array(jsonb_build_object('patientId', $1::text))
     ORDER BY position`,
    [patientId],
  );
  return rows.map((row) => row.data);
}
