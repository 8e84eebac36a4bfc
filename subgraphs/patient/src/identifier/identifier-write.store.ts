import type { Scope } from '@caregraph/access';
import { readFieldVersions, firstFieldVersions, type OperationStamp } from '@caregraph/subgraph';
import type { Identifier } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import { lockPatient } from '../reach/index.ts';
import type { NewIdentifier } from './identifier.input.ts';

/** Writes the identifiers of a patient that the actor reaches. */
export async function insertIdentifiers(
  tx: StoreTx,
  patientId: string,
  identifiers: readonly NewIdentifier[],
  stamp: OperationStamp,
): Promise<void> {
  if (identifiers.length === 0) return;
  const fieldVersions = fieldVersionsJson(firstFieldVersions(['status'], stamp));
  const { authorId, recordedAt, receivedAt } = stamp;
  const written = { patientId, status: 'ACTIVE', version: 1, fieldVersions };
  await tx.identifier.createMany({
    data: identifiers.map(({ id, type, system, value }) => ({
      ...written,
      ...{ id, type, system, value, authorId, recordedAt, receivedAt },
    })),
  });
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
