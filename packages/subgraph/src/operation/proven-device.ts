import { createHash } from 'node:crypto';
import type { Actor } from '@caregraph/access';
import { Fault } from '@caregraph/fault';

/**
 * The device that a write counts for.
 *
 * Threat: what a device wrote itself it may write over without a conflict, so whoever states the
 * device of a colleague, and a high count, overwrites unseen what the colleague wrote. Defence: a
 * device is believed only when the token names it. A token without one writes as a device that is
 * worked out from the actor and the stated id: the same each time, and nobody else's.
 *
 * @param stated the device that the operation names
 * @throws Fault DEVICE_MISMATCH when the token names another device
 * @example provenDevice(ctx.actor, input.deviceId)
 */
export function provenDevice(actor: Pick<Actor, 'id' | 'deviceId'>, stated: string): string {
  if (actor.deviceId === undefined) return virtualDevice(actor.id, stated);
  if (actor.deviceId !== stated) throw new Fault('DEVICE_MISMATCH');
  return stated;
}

/** A UUID of version 8 (RFC 9562 §5.8): enrolled devices have version 7, so none is met by it. */
function virtualDevice(actorId: string, stated: string): string {
  const hash = createHash('sha256').update(`${actorId} ${stated.toLowerCase()}`).digest();
  hash[6] = (hash.readUInt8(6) & 0x0f) | 0x80;
  hash[8] = (hash.readUInt8(8) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [0, 8, 12, 16, 20].map((at, part) => hex.slice(at, [8, 12, 16, 20, 32][part])).join('-');
}
