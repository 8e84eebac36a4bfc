import type { z } from 'zod';
import { Fault } from '@caregraph/fault';
import { defineOperation, rejected, type Outcome } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import type { PatientCall, PatientOperation } from '../patient-operation.ts';
import { breakGlassInput, closeBreakGlassInput, type BreakGlass } from './break-glass.input.ts';
import { countedSince, isOnline, mostGrantsAnHour, termOf } from './break-glass.service.ts';
import {
  countOpenedSince,
  insertGrant,
  isKnownPatient,
  lockOwnGrant,
  writeClosed,
} from './break-glass-write.store.ts';

/** Opens a record outside of the scope. It is no entry of a batch: queues open nothing. */
const breakGlass = defineOperation<PatientContext, StoreTx, BreakGlass>({
  name: 'breakGlass',
  input: breakGlassInput,
  run: open,
});

async function open({ ctx, tx, input, stamp }: PatientCall<BreakGlass>): Promise<Outcome> {
  const { patientId, reason, justification } = input;
  if (!isOnline(stamp)) return rejected('BREAK_GLASS_ONLINE_ONLY', 'operation.recordedAt');
  if (!(await isKnownPatient(tx, patientId))) return rejected('NOT_FOUND', 'patientId');
  // The router counts too, but a token may come here without it.
  const lately = countedSince(stamp.receivedAt);
  if ((await countOpenedSince(tx, stamp.authorId, lately)) >= mostGrantsAnHour) {
    throw new Fault('RATE_LIMITED');
  }
  const { actor, purpose } = ctx;
  const grantId = ctx.ids.next();
  await insertGrant(tx, {
    id: grantId,
    actorId: stamp.authorId,
    institutionId: actor.institutionId,
    sessionId: actor.sessionId ?? null,
    ...{ patientId, purpose, reason, justification },
    ...termOf(stamp.receivedAt),
  });
  const opened = { grantId, patientId, reason };
  return {
    verdict: 'APPLIED',
    entityId: grantId,
    version: 1,
    changes: [],
    patientId,
    breakGlass: opened,
  };
}

type Closing = z.infer<typeof closeBreakGlassInput>;

/** Ends a grant of the actor's own before its time. */
const closeBreakGlass = defineOperation<PatientContext, StoreTx, Closing>({
  name: 'closeBreakGlass',
  input: closeBreakGlassInput,
  async run({ ctx, tx, input, stamp }) {
    const { grantId } = input;
    const grant = await lockOwnGrant(tx, grantId, stamp.authorId);
    if (grant === null) return rejected('NOT_FOUND', 'grantId');
    const { patientId } = grant;
    if (grant.closedAt === null) await writeClosed(tx, grantId, stamp.receivedAt);
    // Told before the commit: when telling fails, the holder hears of it and closes again.
    await ctx.grants.close(grantId);
    return { verdict: 'APPLIED', entityId: grantId, version: 1, changes: [], patientId };
  },
});

export const breakGlassOperations: readonly PatientOperation[] = [breakGlass, closeBreakGlass];
