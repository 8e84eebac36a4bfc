import { systemClock } from '@caregraph/clock';
import { countStatements } from '@caregraph/database';
import { addDays } from '@caregraph/guideline';
import { createTestSubgraph, type TestAnswer, type TestSubgraph } from '@caregraph/testbed';
import { facilityDay } from './facility-day.ts';
import { createPrescriptionSubgraph } from './index.ts';

type Json = Record<string, unknown>;

/** What tests look at in an answered mutation. */
export interface TestReceipt extends Json {
  readonly verdict: string;
  readonly replayed: boolean;
  readonly problems: readonly { readonly code: string; readonly field: string | null }[];
}

export interface WriteOptions {
  readonly token?: string;
  readonly operation?: Json;
  readonly select?: string;
}

/** A clinic with its pharmacy in a district of two villages, and people of the first one. */
export interface TestPharmacy extends TestSubgraph {
  readonly district: string;
  readonly village: string;
  readonly clinic: string;
  readonly clinicianId: string;
  readonly clinician: string;
  readonly pharmacist: string;
  /** Works in the village. */
  readonly worker: string;
  /** Prescribes in the other village, for another institution. */
  readonly outsider: string;
  /** Dispenses for another institution of the district. */
  readonly otherPharmacist: string;
  readonly admin: string;
  /** Writes history of another system about people of the village. */
  readonly importer: string;
  /** A civil date so many days from today, where the facility is. */
  day(offset: number): string;
  /** Makes a patient known, as the patient subgraph's event does. */
  patient(over?: Json): Promise<string>;
  place(data: Json): Promise<void>;
  item(over?: Json): Json & { id: string };
  /** Issues a prescription of one item; gives the ids. */
  prescribed(over?: Json, item?: Json): Promise<{ id: string; itemId: string; patientId: string }>;
  /** Receives stock of amoxicillin 250 mg and gives the batch. */
  stocked(quantity: number, over?: Json): Promise<string>;
  attempt(name: string, input: Json, over?: WriteOptions): Promise<TestAnswer>;
  /** Runs a mutation by name and gives its receipt; `select` is what else is asked of it. */
  write(name: string, input: Json, over?: WriteOptions): Promise<TestReceipt>;
  accesses(patientId: string): Promise<readonly Json[]>;
  /** How many statements read records; the relay of the outbox works meanwhile. */
  reads(token: string, query: string, variables: Json): Promise<number>;
}

export const amoxicillin = 'J01CA04-CAP-250MG';

export async function openTestPharmacy(): Promise<TestPharmacy> {
  const graph = await createTestSubgraph('prescription', createPrescriptionSubgraph);
  const { ids } = graph;
  const [district, village, otherVillage] = [ids.next(), ids.next(), ids.next()];
  const [clinic, clinicianId] = [ids.next(), ids.next()];
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
  for (const areaId of [village, otherVillage]) {
    const data = { areaId, ancestors: [district, areaId], version: 1 };
    await event('org.caregraph.area.placed.v1', areaId, data);
  }
  const place = (data: Json) =>
    event('org.caregraph.patient.placed.v1', String(data['patientId']), {
      areaId: village,
      institutionId: clinic,
      authorId: ids.next(),
      status: 'ACTIVE',
      version: 1,
      ...data,
    });
  const clinician = await graph.token({
    id: clinicianId,
    roles: ['clinician'],
    institutionId: clinic,
    areaRoots: [village],
  });
  const pharmacist = await graph.token({
    roles: ['pharmacist'],
    institutionId: clinic,
    areaRoots: [village],
  });
  const attempt: TestPharmacy['attempt'] = (name, input, over = {}) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
    const mutation = `mutation ($operation: OperationInput!, $input: ${type}) {
      ${name}(operation: $operation, input: $input) {
        verdict replayed problems { code field } ${over.select ?? ''}
      }
    }`;
    const operation = over.operation ?? graph.operation();
    return graph.ask(over.token ?? clinician, mutation, { operation, input });
  };
  const write: TestPharmacy['write'] = async (name, input, over) => {
    const answer = await attempt(name, input, over);
    const receipt = answer.data?.[name];
    if (answer.errors.length > 0 || !receipt) throw new Error(JSON.stringify(answer));
    return receipt as TestReceipt;
  };
  const patient: TestPharmacy['patient'] = async (over = {}) => {
    const patientId = ids.next();
    await place({ patientId, ...over });
    return patientId;
  };
  const item: TestPharmacy['item'] = (over = {}) => ({
    id: ids.next(),
    medicineCode: amoxicillin,
    doseQuantity: 500,
    doseUnit: 'mg',
    route: 'PO',
    frequencyPerDay: 3,
    durationDays: 5,
    quantity: 30,
    ...over,
  });
  const day = (offset: number) => addDays(facilityDay(systemClock.now()), offset);
  return {
    ...graph,
    district,
    village,
    clinic,
    clinicianId,
    clinician,
    pharmacist,
    worker: await graph.token({ areaRoots: [village], institutionId: clinic }),
    outsider: await graph.token({ roles: ['clinician'], areaRoots: [otherVillage] }),
    otherPharmacist: await graph.token({ roles: ['pharmacist'], areaRoots: [district] }),
    admin: await graph.token({
      roles: ['institution_admin'],
      institutionId: clinic,
      purposes: ['administration'],
    }),
    importer: await graph.token({
      roles: ['importer', 'platform_admin'],
      areaRoots: [village],
      purposes: ['care_coordination'],
    }),
    day,
    patient,
    place,
    item,
    async prescribed(over = {}, itemOver = {}) {
      const id = ids.next();
      const patientId = String(over['patientId'] ?? (await patient()));
      const one = item(itemOver);
      const subject = { ageDays: 12_000, weightKg: 60 };
      const input = { id, patientId, items: [one], subject, ...over };
      const receipt = await write('issuePrescription', input);
      if (receipt.verdict !== 'APPLIED') throw new Error(JSON.stringify(receipt));
      return { id, itemId: one.id, patientId };
    },
    async stocked(quantity, over = {}) {
      const batchId = ids.next();
      const input = {
        batchId,
        medicineCode: amoxicillin,
        batchNumber: `B-${batchId.slice(-8)}`,
        expiresOn: day(300),
        quantity,
        ...over,
      };
      const receipt = await write('receiveStock', input, { token: pharmacist });
      if (receipt.verdict !== 'APPLIED') throw new Error(JSON.stringify(receipt));
      return batchId;
    },
    attempt,
    write,
    async reads(token, query, variables) {
      const asked = () => graph.ask(token, query, variables);
      const { result, statements } = await countStatements(graph.pool, asked);
      if (result.errors.length > 0) throw new Error(JSON.stringify(result.errors));
      return statements.filter((sql) => /^\s*SELECT/i.test(sql) && !sql.includes('outbox')).length;
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
