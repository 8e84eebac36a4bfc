import type { EventData, EventEnvelope, EventType } from '@caregraph/messaging';
import type { TokenSubject } from '@caregraph/access';
import { createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import { createAuditSubgraph } from './index.ts';

type Accessed = EventData<'org.caregraph.record.accessed.v1'>;

/** The audit subgraph with two areas, and the means to tell it of accesses. */
export interface TestTrail extends TestSubgraph {
  readonly here: string;
  readonly elsewhere: string;
  readonly institutionId: string;
  receive(events: readonly EventEnvelope[]): Promise<void>;
  /** A patient who lives in an area, and was registered by nobody who asks here. */
  patient(areaId?: string): Promise<string>;
  /** The event of an access, not yet told. */
  access(over?: Partial<Accessed>): EventEnvelope & { data: Accessed };
  clinician(over?: Partial<TokenSubject>): Promise<string>;
  auditor(over?: Partial<TokenSubject>): Promise<string>;
}

/** The instant so many seconds into the day of the tests. */
export const second = (n: number) => new Date(Date.UTC(2026, 2, 1, 8, 0, n)).toISOString();

/** How many statements a request cost, without those of the relay that runs beside it. */
export function readingsOf(statements: readonly string[]): number {
  return statements.filter((sql) => /^SELECT/.test(sql) && !/outbox|inbox/.test(sql)).length;
}

export async function createTestTrail(): Promise<TestTrail> {
  // Its own events come back to it, as they do when the whole graph runs.
  const graph: TestSubgraph = await createTestSubgraph('audit', createAuditSubgraph, () => [
    graph.subgraph.consumer,
  ]);
  const { ids } = graph;
  const [here, elsewhere, institutionId] = [ids.next(), ids.next(), ids.next()];
  const receive = (events: readonly EventEnvelope[]) => graph.subgraph.consumer.receive(events);

  function envelope<TData>(type: EventType, data: TData): EventEnvelope & { data: TData } {
    const [id, source] = [ids.next(), 'caregraph/test'];
    return { specversion: '1.0', id, type, source, subject: id, time: second(0), data };
  }

  await receive(
    [here, elsewhere].map((areaId) =>
      envelope('org.caregraph.area.placed.v1', { areaId, ancestors: [areaId], version: 1 }),
    ),
  );
  return {
    ...graph,
    here,
    elsewhere,
    institutionId,
    receive,
    async patient(areaId = here) {
      const patientId = ids.next();
      const belongs = { institutionId: ids.next(), authorId: ids.next(), status: 'ACTIVE' };
      const data = { patientId, areaId, ...belongs, version: 1 };
      await receive([envelope('org.caregraph.patient.placed.v1', data)]);
      return patientId;
    },
    access: (over = {}) =>
      envelope('org.caregraph.record.accessed.v1', {
        requestId: ids.next(),
        subgraph: 'clinical',
        action: 'READ',
        actor: {
          id: ids.next(),
          clientId: 'ward-app',
          roles: ['health_worker'],
          institutionId: ids.next(),
        },
        purpose: 'treatment',
        at: second(0),
        operation: 'patient',
        outcome: 'SERVED',
        accesses: [],
        ...over,
      }),
    clinician: (over = {}) => graph.token({ roles: ['clinician'], areaRoots: [here], ...over }),
    auditor: (over = {}) =>
      graph.token({ roles: ['auditor'], purposes: ['audit'], institutionId, ...over }),
  };
}
