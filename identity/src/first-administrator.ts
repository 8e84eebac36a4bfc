import { z } from 'zod';
import type { TokenIssuer } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Accounts } from './account/accounts.ts';

export interface FirstAdministratorDeps {
  readonly accounts: Accounts;
  readonly tokens: TokenIssuer;
  readonly publicUrl: string;
  /** Sends a GraphQL request to the institution subgraph. */
  readonly send: (
    authorization: string,
    query: string,
    variables: Readonly<Record<string, unknown>>,
  ) => Promise<unknown>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

export interface FirstAdministrator {
  readonly username: string;
  readonly name: string;
  /** Where the person works when there is no institution yet. */
  readonly institution: string;
  readonly country: string;
  readonly timeZone: string;
}

const placeShape = z.object({
  institutions: z.object({
    edges: z.array(
      z.object({ node: z.object({ id: z.uuid(), area: z.object({ id: z.uuid() }) }) }),
    ),
  }),
});

const receiptShape = z.record(
  z.string(),
  z.object({ verdict: z.string(), problems: z.array(z.object({ code: z.string() })) }),
);

/**
 * Makes the first administrator of the platform: a place to work if there is none, a staff member,
 * an account, and a one-time link by which the person sets a password.
 *
 * @returns the link; it is shown once and holds a secret
 * @throws Error naming what was refused
 */
export async function makeFirstAdministrator(
  deps: FirstAdministratorDeps,
  person: FirstAdministrator,
): Promise<string> {
  const { accounts, ids, publicUrl } = deps;
  const write = await createWriter(deps);
  const place = await findOrMakePlace(write, deps, person);
  const staffId = ids.next();
  await write('registerStaff', 'RegisterStaffInput', {
    id: staffId,
    name: person.name,
    role: 'PLATFORM_ADMIN',
    institutionId: place.institutionId,
    areaIds: [place.areaId],
  });
  const verdict = await accounts.createAccount({ staffId, username: person.username });
  if (verdict !== 'created') throw new Error(`the account was not made: ${verdict}`);
  const { token } = await accounts.enrolmentLink(staffId, 'ENROL');
  return `${publicUrl}/enrol/${token}`;
}

type Writer = Awaited<ReturnType<typeof createWriter>>;

async function findOrMakePlace(
  write: Writer,
  { ids }: FirstAdministratorDeps,
  person: FirstAdministrator,
): Promise<{ institutionId: string; areaId: string }> {
  const query = '{ institutions(first: 1) { edges { node { id area { id } } } } }';
  const known = placeShape.parse(await write.read(query)).institutions.edges[0]?.node;
  if (known) return { institutionId: known.id, areaId: known.area.id };
  const { country, timeZone } = person;
  const areaId = ids.next();
  const area = { id: areaId, kind: 'COUNTRY', name: country, timeZone };
  await write('registerArea', 'RegisterAreaInput', area);
  const institutionId = ids.next();
  const institution = { id: institutionId, kind: 'OFFICE', name: person.institution, areaId };
  await write('registerInstitution', 'RegisterInstitutionInput', institution);
  return { institutionId, areaId };
}

/** Writes as the deployment itself, which no staff member is yet. */
async function createWriter({ tokens, send, clock, ids }: FirstAdministratorDeps) {
  const deviceId = ids.next();
  const token = await tokens.issue({
    id: ids.next(),
    roles: ['platform_admin'],
    institutionId: ids.next(),
    areaRoots: [],
    purposes: ['administration'],
    deviceId,
  });
  let deviceSequence = 0;
  async function ask(query: string, variables: Readonly<Record<string, unknown>>) {
    const answer = await send(`Bearer ${token}`, query, variables);
    const { data, errors } = answerShape.parse(answer);
    if (errors !== undefined) throw new Error(`refused: ${JSON.stringify(errors)}`);
    return data;
  }
  async function write(field: string, type: string, input: Readonly<Record<string, unknown>>) {
    const query = `mutation ($operation: OperationInput!, $input: ${type}!) {
      ${field}(operation: $operation, input: $input) { verdict problems { code } }
    }`;
    deviceSequence += 1;
    const recordedAt = clock.now().toISOString();
    const operation = { id: ids.next(), deviceId, deviceSequence, recordedAt };
    const receipt = receiptShape.parse(await ask(query, { operation, input }))[field];
    if (receipt?.verdict === 'APPLIED') return;
    const codes = receipt?.problems.map((problem) => problem.code).join(', ');
    throw new Error(`${field} was not applied: ${codes ?? 'no receipt'}`);
  }
  return Object.assign(write, { read: (query: string) => ask(query, {}) });
}

const answerShape = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});
