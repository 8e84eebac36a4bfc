import { z } from 'zod';
import {
  defineOperation,
  firstFieldVersions,
  mergedOutcome,
  mergeFields,
  readFieldVersions,
  rejected,
  type Operation,
  type OperationCall,
  type Outcome,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { InstitutionContext } from '../context.ts';
import { insertDevice, lockDevice, writeDevice } from './device.store.ts';

const enrolInput = z.object({
  id: z.string(),
  label: z.string().trim().min(1).max(80),
  institutionId: z.string(),
  holderId: z.string().nullish(),
});
const stateInput = z.object({
  id: z.string(),
  state: z.enum(['ENROLLED', 'SUSPENDED', 'LOST', 'RETIRED']),
});

type Call<TInput> = OperationCall<InstitutionContext, StoreTx, TInput>;

async function enrolDevice(call: Call<z.infer<typeof enrolInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const { everyInstitution, institutionId } = ctx.scope;
  if (!everyInstitution && input.institutionId !== institutionId) {
    return rejected('REFERENCE_NOT_FOUND', 'institutionId');
  }
  const fieldVersions = firstFieldVersions(['label', 'state', 'holderId'], stamp);
  await insertDevice(tx, { ...input, holderId: input.holderId ?? null, fieldVersions }, stamp);
  const changes = [{ typename: 'Device', entityId: input.id, version: 1 }];
  return { verdict: 'APPLIED', entityId: input.id, version: 1, changes };
}

/** What a device may become. Threat: a stolen phone is quietly enrolled again by its thief. */
const next: Readonly<Record<string, readonly string[]>> = {
  ENROLLED: ['SUSPENDED', 'LOST', 'RETIRED'],
  SUSPENDED: ['ENROLLED', 'LOST', 'RETIRED'],
  LOST: ['RETIRED'],
  RETIRED: [],
};

async function changeDeviceState(call: Call<z.infer<typeof stateInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const device = await lockDevice(tx, ctx.scope, input.id);
  if (device === undefined) return rejected('NOT_FOUND', 'id');
  const allowed = device.state === input.state || next[device.state]?.includes(input.state);
  if (!allowed) return rejected('STATE_REFUSED', 'state');
  const merge = mergeFields({
    current: {
      version: device.version,
      fieldVersions: readFieldVersions(device.fieldVersions),
      values: { state: device.state },
    },
    changes: { state: input.state },
    stamp,
    // A suspension or loss that someone reported shows, whoever was first.
    ruleOf: () => (input.state === 'ENROLLED' ? 'SERVER_SHOWS' : 'DEVICE_SHOWS'),
  });
  const { values, version, fieldVersions } = merge;
  await writeDevice(tx, input.id, { ...values, version, fieldVersions });
  const { id: deviceId } = input;
  const state = stateInput.shape.state.parse(values.state ?? device.state);
  return {
    ...mergedOutcome(merge, { typename: 'Device', entityId: deviceId }),
    // A lost device must be shut out at once.
    events: [
      {
        type: 'org.caregraph.device.changed.v1',
        subject: deviceId,
        data: { deviceId, version, state },
      },
    ],
  };
}

export const deviceOperations: readonly Operation<InstitutionContext, StoreTx>[] = [
  defineOperation({ name: 'enrolDevice', input: enrolInput, run: enrolDevice }),
  defineOperation({ name: 'changeDeviceState', input: stateInput, run: changeDeviceState }),
];
