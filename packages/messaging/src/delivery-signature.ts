import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';

const maxAgeMs = 5 * 60_000;

/** Signs a body for delivery: `t=<ms>,v1=<hex HMAC-SHA256 of "t.body">`. */
export function signDelivery(body: string, key: Uint8Array, clock: Clock): string {
  const at = String(clock.now().getTime());
  return `t=${at},v1=${macOf(at, body, key).toString('hex')}`;
}

/**
 * Threat: whoever reaches the port could forge events or send old ones again. Defence: a keyed
 * signature over time and body, compared in constant time, good for five minutes; repetitions
 * within that time are dropped by the inbox.
 *
 * @throws Fault DELIVERY_REFUSED
 */
export function verifyDelivery(
  body: string,
  signature: string | undefined,
  key: Uint8Array,
  clock: Clock,
): void {
  const parts = /^t=(\d{1,16}),v1=([0-9a-f]{64})$/.exec(signature ?? '');
  const [, at, mac] = parts ?? [];
  if (at === undefined || mac === undefined) throw new Fault('DELIVERY_REFUSED');
  const fresh = Math.abs(clock.now().getTime() - Number(at)) <= maxAgeMs;
  const genuine = timingSafeEqual(Buffer.from(mac, 'hex'), macOf(at, body, key));
  if (!fresh || !genuine) throw new Fault('DELIVERY_REFUSED');
}

function macOf(at: string, body: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(at).update('.').update(body).digest();
}
