import type { Scope } from '@caregraph/access';
import { readFieldVersions, firstFieldVersions, type OperationStamp } from '@caregraph/subgraph';
import type { Identifier } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import { lockPatient } from '../reach/index.ts';
import type { NewIdentifier } from './identifier.input.ts';

/** What is written of the identifiers of a patient that the actor reaches. */
export interface NewIdentifiers {
  readonly patientId: string;
  readonly identifiers: readonly NewIdentifier[];
  readonly stamp: OperationStamp;
}

/** An identifier, and the tokens that its value has under every live index key. */
interface Tokens {
  readonly type: string;
  readonly system: string;
  readonly tokens: readonly string[];
}

/**
 * Writes identifiers of a patient.
 *
 * @param tokensOf the tokens under which a value may be stored, of every live index key
 * @returns HELD, and nothing written, when one of them names somebody already
 */
export async function insertIdentifiers(
  tx: StoreTx,
  { patientId, identifiers, stamp }: NewIdentifiers,
  tokensOf: (type: string, value: string) => Promise<readonly string[]>,
): Promise<'WRITTEN' | 'HELD'> {
  if (identifiers.length === 0) return 'WRITTEN';
  const asked: Tokens[] = [];
  for (const { type, system, value } of identifiers) {
    asked.push({ type, system, tokens: await tokensOf(type, value) });
  }
  if (await isHeld(tx, asked)) return 'HELD';
  const fieldVersions = fieldVersionsJson(firstFieldVersions(['status'], stamp));
  const { authorId, recordedAt, receivedAt } = stamp;
  const written = { patientId, status: 'ACTIVE', version: 1, fieldVersions };
  await tx.identifier.createMany({
    data: identifiers.map(({ id, type, system, value }) => ({
      ...written,
      ...{ id, type, system, value, authorId, recordedAt, receivedAt },
    })),
  });
  return 'WRITTEN';
}

/**
 * Tells whether an active identifier has one of these values, under whichever key it is indexed, and
 * keeps others from writing one of them until the transaction ends.
 *
 * Threat: while the key of the index changes, the card that names one person has a token of the old
 * key and is given to another with a token of the new one, and the unique index sees two values.
 * Defence: every process knows the new key before any writes with it, so whoever writes the value
 * takes a lock that the others take too, and then looks for all of its tokens.
 */
async function isHeld(tx: StoreTx, asked: readonly Tokens[]): Promise<boolean> {
  const rows = asked.flatMap(({ type, system, tokens }) =>
    tokens.map((token) => ({ type, system, token })),
  );
  // In one order for all, so that no two wait for each other.
  const locks = rows.map((row) => JSON.stringify(['identifier', row.type, row.system, row.token]));
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(${locks.sort()}::text[]) AS name`;
  // Waits for one that is being retired: its value is free as soon as that is done.
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM identifier AS known
    JOIN unnest(${rows.map((row) => row.type)}::text[], ${rows.map((row) => row.system)}::text[],
      ${rows.map((row) => row.token)}::text[]) AS asked (type, system, token)
      ON known.type = asked.type AND known.system = asked.system AND known.value_index = asked.token
    WHERE known.status = 'ACTIVE' FOR SHARE OF known`;
  return held.length > 0;
}

/** An identifier for a change, with its patient as far as the actor reaches them; both locked. */
export async function lockIdentifier(tx: StoreTx, scope: Scope, id: string) {
  const found = await tx.identifier.findUnique({ where: { id }, select: { patientId: true } });
  if (found === null) return undefined;
  const patient = await lockPatient(tx, scope, found.patientId);
  // Whoever erased the patient meanwhile took it along.
  const identifier = await tx.identifier.findUnique({ where: { id } });
  return identifier === null ? undefined : { identifier, patient };
}

/** Takes a locked identifier out of use, and gives its new version. */
export async function retire(
  tx: StoreTx,
  { id, version, fieldVersions }: Identifier,
  stamp: OperationStamp,
): Promise<number> {
  const { deviceId, deviceSequence } = stamp;
  const next = version + 1;
  const status = { version: next, deviceId, deviceSequence };
  await tx.identifier.update({
    where: { id },
    data: {
      status: 'RETIRED',
      version: next,
      fieldVersions: fieldVersionsJson({ ...readFieldVersions(fieldVersions), status }),
    },
  });
  return next;
}
