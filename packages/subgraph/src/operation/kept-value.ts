import type { RequestContext } from '../context.ts';
import type { Sealing } from '../sealing.ts';
import { ownersNamed } from './key-owners.ts';
import type { ConflictRow, SealedPayload } from './operation-record.ts';
import { isApplied, type OperationStamp, type Outcome } from './operation.ts';

/**
 * Seals what an operation leaves besides its effect: what it recorded, where that could not be
 * applied, and the values that lost a conflict. They lie under the patient's key, so that an erasure
 * reaches them as well.
 */
export async function keptValues(
  sealing: Pick<Sealing, 'keep'>,
  ctx: RequestContext,
  written: {
    readonly stamp: OperationStamp;
    readonly outcome: Outcome;
    readonly payload: unknown;
  },
): Promise<{ sealedPayload: SealedPayload | undefined; conflicts: ConflictRow[] }> {
  return {
    sealedPayload: await payloadOf(sealing, ctx, written),
    conflicts: await conflictsOf(sealing, ctx, written.outcome),
  };
}

async function payloadOf(
  sealing: Pick<Sealing, 'keep'>,
  ctx: RequestContext,
  { stamp, outcome, payload }: { stamp: OperationStamp; outcome: Outcome; payload: unknown },
): Promise<SealedPayload | undefined> {
  if (outcome.verdict !== 'QUARANTINED') return undefined;
  const [named] = ownersNamed(payload, ['patientId']);
  // Of nobody that is known here: the operation's own id then has a key.
  const ownerId = outcome.patientId ?? named ?? stamp.id;
  const bytes = await sealing.keep({
    model: 'OperationRecord',
    field: 'sealedPayload',
    rowId: stamp.id,
    owner: { ownerId, institutionId: ctx.actor.institutionId },
    value: payload,
  });
  return { ownerId, bytes };
}

async function conflictsOf(
  sealing: Pick<Sealing, 'keep'>,
  ctx: RequestContext,
  outcome: Outcome,
): Promise<ConflictRow[]> {
  const conflicts = isApplied(outcome) ? (outcome.conflicts ?? []) : [];
  return Promise.all(
    conflicts.map(async ({ typename, entityId, field, shown, kept }) => {
      const id = ctx.ids.next();
      const ownerId = outcome.patientId ?? entityId;
      const bytes = await sealing.keep({
        model: 'ConflictRecord',
        field: 'keptSealed',
        rowId: id,
        owner: { ownerId, institutionId: ctx.actor.institutionId },
        value: kept,
      });
      return {
        id,
        typename,
        entity_id: entityId,
        field,
        shown,
        kept_sealed: Buffer.from(bytes).toString('hex'),
        kept_owner_id: ownerId,
      };
    }),
  );
}
