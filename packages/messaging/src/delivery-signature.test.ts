import { expect, test } from 'vitest';
import { fixedClock } from '@caregraph/clock';
import { signDelivery, verifyDelivery } from './delivery-signature.ts';

const key = new Uint8Array(32).fill(3);
const clock = fixedClock(new Date('2026-03-01T08:00:00Z'));
const refused = expect.objectContaining({ code: 'DELIVERY_REFUSED' });

test('a signed body is accepted for five minutes', () => {
  const receiver = fixedClock(clock.now());
  const signature = signDelivery('[]', key, clock);
  verifyDelivery('[]', signature, key, receiver);
  receiver.advance(5 * 60_000 + 1);
  expect(() => verifyDelivery('[]', signature, key, receiver)).toThrow(refused);
});

test('another body, key, time or shape is refused', () => {
  const signature = signDelivery('[]', key, clock);
  const otherKey = new Uint8Array(32).fill(4);
  const later = signature.replace(/t=\d+/, `t=${clock.now().getTime() + 1}`);
  expect(() => verifyDelivery('[1]', signature, key, clock)).toThrow(refused);
  expect(() => verifyDelivery('[]', signature, otherKey, clock)).toThrow(refused);
  expect(() => verifyDelivery('[]', later, key, clock)).toThrow(refused);
  for (const shape of [undefined, '', 't=1', 'v1=00', `${signature}0`]) {
    expect(() => verifyDelivery('[]', shape, key, clock)).toThrow(refused);
  }
});
