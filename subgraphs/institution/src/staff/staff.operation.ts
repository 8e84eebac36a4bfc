import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  defineOperation,
  firstFieldVersions,
  mergedOutcome,
  mergeFields,
  readFieldVersions,
  rejected,
  type Changes,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import { isAreaWithin } from '../area/index.ts';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { insertStaff, lockStaff, writeStaff, type StaffRecord } from './staff.store.ts';

const role = z.enum([
  'HEALTH_WORKER',
  'CLINICIAN',
  'PHARMACIST',
  'INSTITUTION_ADMIN',
  'AUDITOR',
  'PLATFORM_ADMIN',
]);
const name = z.string().trim().min(1).max(200);
const contact = z.string().trim().min(3).max(40);
const credentialsNumber = z.string().trim().min(1).max(60);
const areaIds = z.array(z.string()).max(200);

const registerInput = z.object({
  id: z.string(),
  name,
  role,
  contact: contact.nullish(),
  credentialsNumber: credentialsNumber.nullish(),
  institutionId: z.string(),
  areaIds,
});
const updateInput = z.object({
  id: z.string(),
  name: name.optional(),
  role: role.optional(),
  contact: contact.nullish(),
  credentialsNumber: credentialsNumber.nullish(),
  availability: z.enum(['AVAILABLE', 'ON_LEAVE', 'UNAVAILABLE']).optional(),
  areaIds: areaIds.optional(),
});
const dismissInput = z.object({ id: z.string() });

type Call<TInput> = OperationCall<InstitutionContext, StoreTx, TInput>;

async function registerStaff(call: Call<z.infer<typeof registerInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { everyInstitution, institutionId } = ctx.scope;
  if (!everyInstitution && input.institutionId !== institutionId) {
    return rejected('REFERENCE_NOT_FOUND', 'institutionId');
  }
  const refusal = await refuseGrant(call, input);
  if (refusal) return refusal;
  const fieldVersions = firstFieldVersions(Object.keys(input), stamp);
  const { contact: phone = null, credentialsNumber: number = null, ...rest } = input;
  await insertStaff(
    tx,
    { ...rest, contact: phone, credentialsNumber: number, fieldVersions },
    stamp,
  );
  const changes = [{ typename: 'Staff', entityId: input.id, version: 1 }];
  return { verdict: 'APPLIED', entityId: input.id, version: 1, changes };
}

/**
 * Threat: an administrator gives someone, or themselves, more than they hold: the platform's role,
 * or areas whose patients they do not look after. Defence: only what the grantor could reach.
 */
async function refuseGrant(
  { ctx, tx }: Call<unknown>,
  grant: { role?: string | undefined; areaIds?: readonly string[] | undefined },
): Promise<Outcome | undefined> {
  if (ctx.scope.everyInstitution) return undefined;
  if (grant.role === 'PLATFORM_ADMIN') return rejected('NOT_FOUND', 'role');
  for (const areaId of grant.areaIds ?? []) {
    const within = await isAreaWithin(tx, areaId, ctx.scope.areaRoots);
    if (!within) return rejected('REFERENCE_NOT_FOUND', 'areaIds');
  }
  return undefined;
}

async function updateStaff(call: Call<z.infer<typeof updateInput>>): Promise<Outcome> {
  const { id, ...changes } = call.input;
  return (await refuseGrant(call, changes)) ?? changeStaff(call, id, changes);
}

async function dismissStaff(call: Call<z.infer<typeof dismissInput>>): Promise<Outcome> {
  const dismissedAt = call.stamp.recordedAt;
  return changeStaff(call, call.input.id, { dismissedAt, availability: 'UNAVAILABLE' });
}

async function changeStaff(
  { ctx, tx, stamp }: Call<unknown>,
  id: string,
  changes: Changes<ReturnType<typeof changeable>>,
): Promise<Outcome> {
  const staff = await lockStaff(tx, ctx.scope, id);
  if (staff === undefined) return rejected('NOT_FOUND', 'id');
  if (staff.dismissedAt !== null) return rejected('STATE_REFUSED', 'id');
  const refusal = refuseOwnGrant(ctx, staff, changes);
  if (refusal) return refusal;
  const merge = mergeFields({
    current: {
      version: staff.version,
      fieldVersions: readFieldVersions(staff.fieldVersions),
      values: changeable(staff),
    },
    changes,
    stamp,
    ruleOf: () => 'SERVER_SHOWS',
  });
  const { areaIds: areas, ...fields } = merge.values;
  const { fieldVersions } = merge;
  await writeStaff(tx, staff, { ...fields, version: merge.version, fieldVersions }, areas);
  const dismissed = fields.dismissedAt != null;
  return {
    ...mergedOutcome(merge, { typename: 'Staff', entityId: id }),
    // Whoever signs people in must hear of it at once.
    events: [
      {
        type: 'org.caregraph.staff.changed.v1',
        subject: id,
        data: { staffId: id, version: merge.version, dismissed },
      },
    ],
  };
}

/**
 * Threat: an administrator makes themselves a clinician, or widens where they work, to read
 * patients. Defence: whoever grants something to a person is another person.
 */
function refuseOwnGrant(
  { actor, scope }: InstitutionContext,
  staff: StaffRecord,
  changes: Changes<ReturnType<typeof changeable>>,
): Outcome | undefined {
  if (scope.everyInstitution || staff.id !== actor.id) return undefined;
  const { role: next = staff.role, areaIds: places } = changes;
  if (next !== staff.role) return rejected('NOT_FOUND', 'role');
  const held = staff.areas.map(({ areaId }) => areaId).sort();
  const same = places === undefined || isDeepStrictEqual(places.toSorted(), held);
  return same ? undefined : rejected('REFERENCE_NOT_FOUND', 'areaIds');
}

function changeable(staff: StaffRecord) {
  return {
    name: staff.name,
    role: staff.role,
    // Read when it is compared: one that does not open must not keep somebody from being dismissed.
    get contact() {
      return staff.contact;
    },
    credentialsNumber: staff.credentialsNumber,
    availability: staff.availability,
    dismissedAt: staff.dismissedAt,
    areaIds: staff.areas.map(({ areaId }) => areaId),
  };
}

export const staffOperations: readonly Operation<InstitutionContext, StoreTx>[] = [
  defineOperation({
    name: 'registerStaff',
    input: registerInput,
    owner: 'institutionId',
    run: registerStaff,
  }),
  defineOperation({ name: 'updateStaff', input: updateInput, run: updateStaff }),
  defineOperation({ name: 'dismissStaff', input: dismissInput, run: dismissStaff }),
];
