import { setTimeout as wait } from 'node:timers/promises';
import {
  createGraphqlSender,
  createHttpAsk,
  ImportStopped,
  TransientFault,
  type Sender,
} from '@caregraph/fhir-import';
import { z } from 'zod';
import { findDistrict, type AreaPage } from './import-area.ts';

type Json = Readonly<Record<string, unknown>>;

/** The deployment that an import writes to. */
export interface ImportServer {
  readonly sender: Sender;
  /** Tells a wrong address or token at once. @throws ImportStopped SERVER_UNREACHABLE or TOKEN_REFUSED */
  requireAccess(): Promise<void>;
  /**
   * The area to import into when none is named: the one district, wherever it lies.
   *
   * @throws Error when there is none, or more than one
   * @throws ImportStopped SERVER_UNREACHABLE or TOKEN_REFUSED
   */
  findArea(): Promise<string>;
  /** @throws ImportStopped SERVER_UNREACHABLE or TOKEN_REFUSED */
  hasInstitution(id: string): Promise<boolean>;
}

const areaPage = z.object({
  data: z.object({
    areas: z.object({
      edges: z.array(z.object({ node: z.object({ id: z.string(), kind: z.string() }) })),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  }),
});
const areasQuery = `query ImportAreas($parentId: UUID, $first: Int!, $after: String) {
  areas(parentId: $parentId, first: $first, after: $after) {
    edges { node { id kind } }
    pageInfo { hasNextPage endCursor }
  }
}`;
/** As many as the server lists in one answer. */
const areasInAPage = 200;
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
  const listAreas = async (variables: Json) =>
    pageOf(url, await reached(url, () => query(areasQuery, variables)));
  return {
    sender: createGraphqlSender(ask, (patientIds) => settled(patientIds, hasArrived)),
    requireAccess: async () => void (await listAreas({ first: 1 })),
    findArea: () => findDistrict((where) => listAreas({ ...where, first: areasInAPage })),
    async hasInstitution(id) {
      const body = await reached(url, () => query(institutionQuery, { id }));
      const parsed = institutionAnswer.safeParse(body);
      // An answer with errors does not say that there is none.
      if (!parsed.success || refusal.safeParse(body).success) throw refused(url, body);
      return parsed.data.data.institution !== null;
    },
  };
}

function pageOf(url: string, body: unknown): AreaPage {
  const parsed = areaPage.safeParse(body);
  if (!parsed.success) throw refused(url, body);
  const { edges, pageInfo } = parsed.data.data.areas;
  const next = pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
  return { areas: edges.map(({ node }) => node), next };
}

const refusal = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).min(1),
});

/** What answers there is not the router, or does not take the token. */
function refused(url: string, body: unknown): ImportStopped {
  const parsed = refusal.safeParse(body);
  const code = parsed.success ? parsed.data.errors[0]?.extensions.code : undefined;
  const { origin } = new URL(url);
  if (code === undefined) {
    const message = `What answers at ${origin} is no CareGraph router: name one with --url.`;
    return new ImportStopped('SERVER_UNREACHABLE', message);
  }
  if (code === 'UNAUTHENTICATED' || code.startsWith('TOKEN_')) {
    const message = `The server at ${origin} does not accept the token (${code}).`;
    return new ImportStopped('TOKEN_REFUSED', message);
  }
  return new ImportStopped('REQUEST_REFUSED', `The server at ${origin} refuses (${code}).`);
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
