import type { Scope } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import { normalizeIdentifier } from '@caregraph/name-matching';
import {
  createBatchLoader,
  groupBy,
  patientsInScope,
  type BatchLoader,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Identifier } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

export type IdentifierRow = Identifier;

/** Identifiers of patients in scope. */
interface IdentifierStore {
  find(id: string): Promise<IdentifierRow | null>;
  /** Active and retired, oldest first. */
  ofPatient(patientId: string): Promise<IdentifierRow[]>;
  /**
   * Whom an active identifier names.
   *
   * @throws Fault BAD_USER_INPUT at system when several issuers gave the value to different people
   */
  patientNamedBy(type: string, value: string, system?: string): Promise<string | undefined>;
  /** All whom an active identifier names: more than one when several issuers gave the value. */
  patientsNamedBy(type: string, value: string, system?: string): Promise<string[]>;
  /** The tokens of a value under every live key of the index. */
  tokensOf(type: string, value: string): Promise<string[]>;
  clear(): void;
}

export function createIdentifierStore(
  { prisma, sealing }: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): IdentifierStore {
  const reached = { patient: patientsInScope(scope) };
  const leave = (rows: IdentifierRow[]) => {
    for (const row of rows) audit.saw('Identifier', row.patientId);
    return rows;
  };
  const byId: BatchLoader<IdentifierRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.identifier.findMany({ where: { id: { in: [...ids] }, ...reached } });
    return new Map(leave(rows).map((row) => [row.id, row]));
  });
  const byPatient: BatchLoader<IdentifierRow[]> = createBatchLoader(async (patientIds) => {
    const rows = await prisma.identifier.findMany({
      where: { patientId: { in: [...patientIds] }, ...reached },
      orderBy: { id: 'asc' },
    });
    return groupBy(patientIds, leave(rows), (row) => row.patientId);
  });
  const tokensOf = tokensIn(sealing);
  const patientsNamedBy: IdentifierStore['patientsNamedBy'] = async (type, value, system) => {
    const rows = await findActive({ prisma, sealing }, scope, { type, value, system });
    return [...new Set(rows.map((row) => row.patientId))];
  };
  return {
    find: byId.find,
    ...{ patientsNamedBy, tokensOf },
    ofPatient: async (patientId) => (await byPatient.load(patientId)) ?? [],
    async patientNamedBy(type, value, system) {
      const [first, ...others] = await patientsNamedBy(type, value, system);
      // Naming either of two people would open the wrong record half the time.
      if (others.length > 0) throw new Fault('BAD_USER_INPUT', { at: 'system' });
      return first;
    },
    clear: () => [byId, byPatient].forEach((loader) => loader.clear()),
  };
}

function tokensIn(sealing: StoreClient['sealing']) {
  return (type: string, value: string) =>
    sealing.blindIndexFor('Identifier', 'valueIndex', value, { with: type });
}

async function findActive(
  { prisma, sealing }: StoreClient,
  scope: Scope,
  asked: { type: string; value: string; system: string | undefined },
): Promise<IdentifierRow[]> {
  const { type, value, system } = asked;
  const normal = normalizeIdentifier(type, value);
  const tokens = await tokensIn(sealing)(type, value);
  if (normal === undefined) return [];
  const rows = await prisma.identifier.findMany({
    where: {
      type,
      valueIndex: { in: tokens },
      status: 'ACTIVE',
      ...(system === undefined ? {} : { system }),
      patient: patientsInScope(scope),
    },
  });
  // Tokens are truncated, so two values may share one.
  return rows.filter((row) => normalizeIdentifier(type, row.value) === normal);
}
