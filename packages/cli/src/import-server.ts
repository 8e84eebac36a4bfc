import { setTimeout as wait } from 'node:timers/promises';
import {
  createGraphqlSender,
  createHttpAsk,
  ImportStopped,
  TransientFault,
  type Sender,
} from '@caregraph/fhir-import';
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** The deployment that an import writes to. */
export interface ImportServer {
  readonly sender: Sender;
  /**
   * The area to import into when none is named: the one district, else the one root. Undefined
   * when there is none, or more than one.
   *
   * @throws ImportStopped SERVER_UNREACHABLE or TOKEN_REFUSED
   */
  findArea(): Promise<string | undefined>;
  /** @throws ImportStopped SERVER_UNREACHABLE or TOKEN_REFUSED */
  hasInstitution(id: string): Promise<boolean>;
}

const areas = z.object({
  data: z.object({
    districts: z.object({ edges: z.array(z.object({ node: z.object({ id: z.string() }) })) }),
  }),
});
const districtsQuery = `query ImportDistricts($parentId: UUID, $kind: AreaKind) {
  districts: areas(parentId: $parentId, kind: $kind, first: 2) { edges { node { id } } }
}`;
const institutionQuery = `query ImportInstitution($id: UUID!) { institution(id: $id) { id } }`;
const institutionAnswer = z.object({
  data: z.object({ institution: z.object({ id: z.string() }).nullable() }),
});
/** Lists of a patient are null until the subgraph has heard of the patient. */
const arrivalQuery = `query ImportArrival($id: UUID!) {
  patient(id: $id) {
    id
    checkups(first: 1) { pageInfo { hasNextPage } }
    prescriptions(first: 1) { pageInfo { hasNextPage } }
  }
}`;
const arrival = z.object({
  data: z.object({
    patient: z
      .object({ id: z.string(), checkups: z.unknown(), prescriptions: z.unknown() })
      .nullable(),
  }),
});
const settleDeadlineMs = 60_000;

/**
 * Connects an import to the router of a running deployment.
 *
 * @param url the GraphQL endpoint
 * @throws ImportStopped SERVER_UNREACHABLE from findArea and from the sender
 */
export function connectImport(url: string, token: () => Promise<string>): ImportServer {
  const ask = createHttpAsk({ url, token });
  const query = async (document: string, variables: Json) =>
    (await ask('patient', { query: document, variables })).body;

  const hasArrived = async (id: string) => {
    const parsed = arrival.safeParse(await query(arrivalQuery, { id }));
    if (!parsed.success) return false;
    const { patient } = parsed.data.data;
    return patient === null || (patient.checkups !== null && patient.prescriptions !== null);
  };
  return {
    sender: createGraphqlSender(ask, (patientIds) => settled(patientIds, hasArrived)),
    async findArea() {
      for (const variables of [{ kind: 'DISTRICT' }, {}]) {
        const body = await reached(url, () => query(districtsQuery, variables));
        const parsed = areas.safeParse(body);
        if (!parsed.success) throw refused(body);
        const [first, second] = parsed.data.data.districts.edges;
        if (first !== undefined && second === undefined) return first.node.id;
      }
      return undefined;
    },
    async hasInstitution(id) {
      const body = await reached(url, () => query(institutionQuery, { id }));
      const parsed = institutionAnswer.safeParse(body);
      // An answer with errors does not say that there is none.
      if (!parsed.success || refusal.safeParse(body).success) throw refused(body);
      return parsed.data.data.institution !== null;
    },
  };
}

const refusal = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).min(1),
});

/** What answers there is not the router, or does not take the token. */
function refused(body: unknown): ImportStopped {
  const parsed = refusal.safeParse(body);
  const code = parsed.success ? parsed.data.errors[0]?.extensions.code : undefined;
  if (code === undefined) {
    return new ImportStopped('SERVER_UNREACHABLE', 'What answers there is no CareGraph router.');
  }
  const isToken = code === 'UNAUTHENTICATED' || code.startsWith('TOKEN_');
  return new ImportStopped(
    isToken ? 'TOKEN_REFUSED' : 'REQUEST_REFUSED',
    isToken ? `The server does not accept the token (${code}).` : `The server refuses (${code}).`,
  );
}

async function reached<TResult>(url: string, call: () => Promise<TResult>): Promise<TResult> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof TransientFault)) throw error;
    const { origin } = new URL(url);
    const message = `No server answers at ${origin}: start one with npm start, or name it with --url.`;
    throw new ImportStopped('SERVER_UNREACHABLE', message, error);
  }
}

/** Asks until the patients have arrived everywhere; the events of earlier ones came before. */
async function settled(
  patientIds: readonly string[],
  hasArrived: (id: string) => Promise<boolean>,
): Promise<boolean> {
  const deadline = Date.now() + settleDeadlineMs;
  for (const id of patientIds) {
    while (!(await hasArrived(id))) {
      if (Date.now() > deadline) return false;
      await wait(200);
    }
  }
  return true;
}
