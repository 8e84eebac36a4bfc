import { isTransientDatabaseFault } from '@caregraph/database';
import type { Clock } from '@caregraph/clock';
import { createInbox, type EventConsumer, type EventData } from '@caregraph/messaging';
import type { Logger } from '@caregraph/observability';
import type { Revocations } from '../revocation/revocations.ts';
import type { IdentityClient, IdentityTx } from '../store/client.ts';

/** Staff who were asked about this long ago are asked about again before their next token. */
const staleMs = 31_000;

/**
 * Takes in what the institution subgraph says of staff, devices and partners. What ends someone's
 * access commits with the event, and is told to the verifiers as soon as it has.
 */
export function createIdentityConsumer(deps: {
  store: IdentityClient;
  revocations: Revocations;
  clock: Clock;
  log: Logger;
}): EventConsumer {
  const { store, revocations } = deps;
  const inbox = createInbox<IdentityTx>({
    name: 'identity',
    store,
    log: deps.log,
    isTransient: isTransientDatabaseFault,
    handlers: {
      'org.caregraph.staff.changed.v1': async (tx, events) => {
        for (const { data } of events) await takeStaff(tx, deps, data);
      },
      'org.caregraph.device.changed.v1': async (tx, events) => {
        for (const { data } of events) await takeDevice(tx, deps, data);
      },
      'org.caregraph.partner.changed.v1': async (tx, events) => {
        for (const { data } of events) await takePartner(tx, deps, data);
      },
    },
  });
  return {
    name: inbox.name,
    async receive(events) {
      await inbox.receive(events);
      await revocations.tellPending();
    },
  };
}

interface Deps {
  readonly revocations: Revocations;
  readonly clock: Clock;
}

/** Whatever changed, tokens that say the old thing end; who was dismissed is signed out besides. */
async function takeStaff(
  tx: IdentityTx,
  { revocations, clock }: Deps,
  { staffId, version, dismissed }: EventData<'org.caregraph.staff.changed.v1'>,
): Promise<void> {
  const longAgo = new Date(clock.now().getTime() - staleMs);
  const known = await tx.staffProjection.findUnique({ where: { staffId } });
  if (known && known.version >= version && !dismissed) return;
  await tx.staffProjection.updateMany({
    where: { staffId, askedAt: { gt: longAgo } },
    data: { askedAt: longAgo },
  });
  if (dismissed) {
    const row = { areaRoots: [], dismissed, version, askedAt: longAgo };
    await tx.staffProjection.upsert({
      where: { staffId },
      create: { staffId, ...row },
      update: { dismissed, version },
    });
    await tx.refreshFamily.updateMany({
      where: { staffId, revokedAt: null },
      data: { revokedAt: clock.now(), revokedBecause: 'dismissed' },
    });
  }
  const reason = dismissed ? 'dismissed' : 'changed';
  await revocations.record(tx, { kind: 'subject', subject: staffId, reason });
}

async function takeDevice(
  tx: IdentityTx,
  { revocations, clock }: Deps,
  { deviceId, state }: EventData<'org.caregraph.device.changed.v1'>,
): Promise<void> {
  if (state === 'ENROLLED') return;
  const reason = state.toLowerCase();
  await tx.refreshFamily.updateMany({
    where: { deviceId, revokedAt: null },
    data: { revokedAt: clock.now(), revokedBecause: reason },
  });
  await revocations.record(tx, { kind: 'device', subject: deviceId, reason });
}

async function takePartner(
  tx: IdentityTx,
  { revocations }: Deps,
  { partnerId, version, state }: EventData<'org.caregraph.partner.changed.v1'>,
): Promise<void> {
  await tx.partnerProjection.updateMany({
    where: { partnerId, version: { lt: version } },
    data: { state, version },
  });
  if (state === 'ACTIVE') return;
  await revocations.record(tx, { kind: 'client', subject: partnerId, reason: 'suspended' });
}
