import { z } from 'zod';
import {
  defineOperation,
  firstFieldVersions,
  mergedOutcome,
  mergeFields,
  readFieldVersions,
  rejected,
  type Changes,
  type Merge,
  type Operation,
  type OperationCall,
  type OperationStamp,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import {
  insertInstitution,
  lockInstitution,
  writeInstitution,
  type InstitutionRecord,
} from './institution.store.ts';

const kind = z.enum(['HOSPITAL', 'CLINIC', 'HEALTH_POST', 'PHARMACY', 'LABORATORY', 'OFFICE']);
const name = z.string().trim().min(1).max(200);
const registryCode = z.string().trim().min(1).max(60);

const registerInput = z.object({
  id: z.string(),
  kind,
  name,
  registryCode: registryCode.nullish(),
  areaId: z.string(),
});
const updateInput = z.object({
  id: z.string(),
  kind: kind.optional(),
  name: name.optional(),
  registryCode: registryCode.nullish(),
  areaId: z.string().optional(),
});
const verifyInput = z.object({
  id: z.string(),
  verification: z.enum(['UNVERIFIED', 'VERIFIED', 'REVOKED']),
});

type Call<TInput> = OperationCall<InstitutionContext, StoreTx, TInput>;

async function registerInstitution(call: Call<z.infer<typeof registerInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  if (!ctx.scope.everyInstitution) return rejected('NOT_FOUND', 'areaId');
  const fieldVersions = firstFieldVersions(Object.keys(input), stamp);
  const { registryCode: code = null, ...rest } = input;
  await insertInstitution(tx, { ...rest, registryCode: code, fieldVersions }, stamp);
  const change = {
    typename: 'Institution',
    entityId: input.id,
    version: 1,
    areaAfter: input.areaId,
  };
  return { verdict: 'APPLIED', entityId: input.id, version: 1, changes: [change] };
}

async function updateInstitution(call: Call<z.infer<typeof updateInput>>): Promise<Outcome> {
  const { id, ...changes } = call.input;
  return changeInstitution(call, id, changes);
}

/** Only the platform says that an institution is what it claims to be. */
async function verifyInstitution(call: Call<z.infer<typeof verifyInput>>): Promise<Outcome> {
  const { ctx, input, stamp } = call;
  if (!ctx.scope.everyInstitution) return rejected('NOT_FOUND', 'id');
  const { id, verification } = input;
  const verifiedAt = verification === 'VERIFIED' ? stamp.recordedAt : null;
  return changeInstitution(call, id, { verification, verifiedAt });
}

async function changeInstitution(
  { ctx, tx, stamp }: Call<unknown>,
  id: string,
  changes: Changes<ReturnType<typeof changeable>>,
): Promise<Outcome> {
  const own = ctx.scope.everyInstitution || ctx.scope.institutionId === id;
  const institution = own ? await lockInstitution(tx, id) : undefined;
  if (institution === undefined) return rejected('NOT_FOUND', 'id');
  const { areaId = institution.areaId } = changes;
  // Where an institution is decides whose patients it may come near: the platform says so.
  if (!ctx.scope.everyInstitution && areaId !== institution.areaId) {
    return rejected('REFERENCE_NOT_FOUND', 'areaId');
  }
  const merge = mergeFields({
    current: {
      version: institution.version,
      fieldVersions: readFieldVersions(institution.fieldVersions),
      values: changeable(institution),
    },
    changes,
    stamp,
    ruleOf: () => 'SERVER_SHOWS',
  });
  const { values, version, fieldVersions } = ctx.scope.everyInstitution
    ? merge
    : withoutVerification(merge, institution, stamp);
  await writeInstitution(tx, id, { ...values, version, fieldVersions });
  const areaAfter = values.areaId ?? institution.areaId;
  const place = { entityId: id, areaBefore: institution.areaId, areaAfter };
  return mergedOutcome(merge, { typename: 'Institution', ...place });
}

type Merged = Merge<ReturnType<typeof changeable>>;

/**
 * Threat: an institution is verified as one thing and then calls itself another. Defence: what the
 * platform has not seen is not verified, whichever version the change was made on. A revocation
 * stays: a new name does not wash it off.
 */
function withoutVerification(
  merge: Merged,
  { verification }: InstitutionRecord,
  { deviceId, deviceSequence }: OperationStamp,
): Pick<Merged, 'values' | 'version' | 'fieldVersions'> {
  const { values, version, fieldVersions } = merge;
  const renamed = [values.kind, values.name, values.registryCode].some((one) => one !== undefined);
  if (!renamed || verification !== 'VERIFIED') return merge;
  const mark = { version, deviceId, deviceSequence };
  return {
    values: { ...values, verification: 'UNVERIFIED', verifiedAt: null },
    version,
    fieldVersions: { ...fieldVersions, verification: mark, verifiedAt: mark },
  };
}

function changeable(institution: InstitutionRecord) {
  const {
    kind: is,
    name: called,
    registryCode: code,
    areaId,
    verification,
    verifiedAt,
  } = institution;
  return { kind: is, name: called, registryCode: code, areaId, verification, verifiedAt };
}

export const institutionOperations: readonly Operation<InstitutionContext, StoreTx>[] = [
  defineOperation({
    name: 'registerInstitution',
    input: registerInput,
    run: registerInstitution,
  }),
  defineOperation({
    name: 'updateInstitution',
    input: updateInput,
    run: updateInstitution,
  }),
  defineOperation({
    name: 'verifyInstitution',
    input: verifyInput,
    run: verifyInstitution,
  }),
];
