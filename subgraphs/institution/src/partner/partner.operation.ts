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
import { insertPartner, lockPartner, writePartner } from './partner.store.ts';

const registerInput = z.object({
  id: z.string(),
  name: z.string().trim().min(1).max(200),
  institutionId: z.string(),
});
const stateInput = z.object({ id: z.string(), state: z.enum(['ACTIVE', 'SUSPENDED']) });

type Call<TInput> = OperationCall<InstitutionContext, StoreTx, TInput>;

async function registerPartner(call: Call<z.infer<typeof registerInput>>): Promise<Outcome> {
  const { tx, input, stamp } = call;
  const fieldVersions = firstFieldVersions(['name', 'state'], stamp);
  await insertPartner(tx, { ...input, fieldVersions }, stamp);
  const changes = [{ typename: 'Partner', entityId: input.id, version: 1 }];
  return { verdict: 'APPLIED', entityId: input.id, version: 1, changes };
}

async function changePartnerState(call: Call<z.infer<typeof stateInput>>): Promise<Outcome> {
  const { ctx, tx, input, stamp } = call;
  const partner = await lockPartner(tx, ctx.scope, input.id);
  if (partner === undefined) return rejected('NOT_FOUND', 'id');
  const merge = mergeFields({
    current: {
      version: partner.version,
      fieldVersions: readFieldVersions(partner.fieldVersions),
      values: { state: partner.state },
    },
    changes: { state: input.state },
    stamp,
    // Of two changes at once, the one that shuts the door shows.
    ruleOf: () => (input.state === 'SUSPENDED' ? 'DEVICE_SHOWS' : 'SERVER_SHOWS'),
  });
  const { values, version, fieldVersions } = merge;
  await writePartner(tx, input.id, { ...values, version, fieldVersions });
  const { id: partnerId } = input;
  const state = stateInput.shape.state.parse(values.state ?? partner.state);
  return {
    ...mergedOutcome(merge, { typename: 'Partner', entityId: partnerId }),
    // A suspended partner must be shut out at once.
    events: [
      {
        type: 'org.caregraph.partner.changed.v1',
        subject: partnerId,
        data: { partnerId, version, state },
      },
    ],
  };
}

export const partnerOperations: readonly Operation<InstitutionContext, StoreTx>[] = [
  defineOperation({ name: 'registerPartner', input: registerInput, run: registerPartner }),
  defineOperation({
    name: 'changePartnerState',
    input: stateInput,
    run: changePartnerState,
  }),
];
