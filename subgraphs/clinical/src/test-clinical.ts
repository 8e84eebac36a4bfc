import { createTestSubgraph, type TestAnswer, type TestSubgraph } from '@caregraph/testbed';
import { createClinicalSubgraph } from './index.ts';

type Json = Record<string, unknown>;

/** What tests look at in an answered mutation. */
export interface TestReceipt extends Json {
  readonly verdict: string;
  readonly replayed: boolean;
  readonly problems: readonly { readonly code: string; readonly field: string | null }[];
}

/** A district of two villages with a worker each, a hospital, and patients that are known here. */
export interface TestDistrict extends TestSubgraph {
  readonly district: string;
  readonly villageA: string;
  readonly villageB: string;
  readonly clinic: string;
  readonly hospital: string;
  readonly workerId: string;
  /** Works in village A. */
  readonly worker: string;
  /** Works in village B. */
  readonly outsider: string;
  /** Works at the hospital, which registered nobody. */
  readonly hospitalClinician: string;
  /** Has no permission on clinical records. */
  readonly pharmacist: string;
  /** Makes a patient known, as the patient subgraph's event does. */
  patient(over?: Json): Promise<string>;
  /** Runs a mutation by name and gives its receipt; `select` is what else is asked of it. */
  write(name: string, input: Json, over?: WriteOptions): Promise<TestReceipt>;
  attempt(name: string, input: Json, over?: WriteOptions): Promise<TestAnswer>;
  /** What the outbox tells of accesses to a patient. */
  accesses(patientId: string): Promise<readonly Json[]>;
}

export interface WriteOptions {
  readonly token?: string;
  readonly operation?: Json;
  readonly select?: string;
}

export async function startTestDistrict(): Promise<TestDistrict> {
  const graph = await createTestSubgraph('clinical', createClinicalSubgraph);
  const { ids } = graph;
  const [district, villageA, villageB] = [ids.next(), ids.next(), ids.next()];
  const [clinic, hospital, workerId] = [ids.next(), ids.next(), ids.next()];
  const event = (type: string, subject: string, data: Json) =>
    graph.subgraph.consumer.receive([
      {
        specversion: '1.0',
        id: ids.next(),
        type: type as 'org.caregraph.area.placed.v1',
        source: 'test',
        subject,
        time: '2026-01-01T00:00:00.000Z',
        data,
      },
    ]);
  for (const village of [villageA, villageB]) {
    const data = { areaId: village, ancestors: [district, village], version: 1 };
    await event('org.caregraph.area.placed.v1', village, data);
  }
  const worker = await graph.token({ id: workerId, areaRoots: [villageA], institutionId: clinic });
  const attempt: TestDistrict['attempt'] = (name, input, over = {}) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
    const mutation = `mutation ($operation: OperationInput!, $input: ${type}) {
      ${name}(operation: $operation, input: $input) {
        verdict replayed problems { code field } ${over.select ?? ''}
      }
    }`;
    const operation = over.operation ?? graph.operation();
    return graph.ask(over.token ?? worker, mutation, { operation, input });
  };
  return {
    ...graph,
    district,
    villageA,
    villageB,
    clinic,
    hospital,
    workerId,
    worker,
    outsider: await graph.token({ areaRoots: [villageB] }),
    hospitalClinician: await graph.token({ roles: ['clinician'], institutionId: hospital }),
    pharmacist: await graph.token({ roles: ['pharmacist'], areaRoots: [district] }),
    async patient(over = {}) {
      const patientId = ids.next();
      const placed = { areaId: villageA, institutionId: clinic, authorId: ids.next() };
      const data = { patientId, ...placed, status: 'ACTIVE', version: 1, ...over };
      await event('org.caregraph.patient.placed.v1', String(data.patientId), data);
      return String(data.patientId);
    },
    attempt,
    async write(name, input, over) {
      const answer = await attempt(name, input, over);
      const receipt = answer.data?.[name];
      if (answer.errors.length > 0 || !receipt) throw new Error(JSON.stringify(answer));
      return receipt as TestReceipt;
    },
    async accesses(patientId) {
      const { rows } = await graph.pool.query<{ data: Json }>(
        `SELECT data FROM outbox_event WHERE type = 'org.caregraph.record.accessed.v1'
           AND data->'accesses' @> jsonb_build_array(jsonb_build_object('patientId', $1::text))
         ORDER BY position`,
        [patientId],
      );
      return rows.map((row) => row.data);
    },
  };
}
